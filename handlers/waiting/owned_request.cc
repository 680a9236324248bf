#include "appd/handlers/waiting/owned_request.h"

#include <string>
#include <utility>
#include <vector>

#include "appd/protocol/owned_header.h"

namespace appd::handlers {

struct OwnedRequest::Copy final : PeerSource {
  explicit Copy(const Request& borrowed);
  [[nodiscard]] const Peer& peer() override { return known_peer; }

  std::string action;
  std::string value;  // JSON text
  std::vector<std::byte> payload;
  protocol::OwnedHeader header;
  Peer known_peer;
  Request request;
};

OwnedRequest::Copy::Copy(const Request& borrowed)
    : action(borrowed.action),
      payload(borrowed.payload.begin(), borrowed.payload.end()),
      header(*borrowed.header),
      known_peer(borrowed.peer()),
      request(borrowed) {
  header.view().status.reset();  // replies only
  request.action = action;
  request.payload = payload;
  request.header = &header.view();
  request.source = this;
  request.context = nullptr;  // the call's, which this outlives
  if (borrowed.value) {
    value = borrowed.value->text();
    request.value = borrowed.value->in(value);
  }
}

OwnedRequest::OwnedRequest(const Request& request) : copy_(std::make_unique<Copy>(request)) {}
OwnedRequest::OwnedRequest(OwnedRequest&& other) noexcept = default;
OwnedRequest& OwnedRequest::operator=(OwnedRequest&& other) noexcept = default;
OwnedRequest::~OwnedRequest() = default;

const Request& OwnedRequest::view() const { return copy_->request; }

}  // namespace appd::handlers
