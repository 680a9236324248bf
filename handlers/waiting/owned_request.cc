#include "appd/handlers/waiting/owned_request.h"

#include <string>
#include <utility>

#include "appd/protocol/owned_header.h"

namespace appd::handlers {

struct OwnedRequest::Copy final : PeerSource {
  Copy(const Request& borrowed, reactor::Buffer memory);
  [[nodiscard]] const Peer& peer() override { return known_peer; }
  [[nodiscard]] reactor::TimePoint now() override { return began; }

  std::string action;
  std::string value;  // JSON text
  reactor::Buffer payload_memory;
  protocol::OwnedHeader header;
  Peer known_peer;
  reactor::TimePoint began;
  Request request;
};

OwnedRequest::Copy::Copy(const Request& borrowed, reactor::Buffer memory)
    : action(borrowed.action),
      payload_memory(std::move(memory)),
      header(*borrowed.header),
      known_peer(borrowed.peer()),
      began(borrowed.now()),
      request(borrowed) {
  header.view().status.reset();  // replies only
  request.action = action;
  if (payload_memory.empty()) {
    payload_memory.append(borrowed.payload);
    request.payload = payload_memory.bytes();
  }
  request.header = &header.view();
  request.source = this;
  request.context = nullptr;  // the call's, which this outlives
  if (borrowed.value) {
    value = borrowed.value->text();
    request.value = borrowed.value->in(value);
  }
}

OwnedRequest::OwnedRequest(const Request& request) : OwnedRequest(request, reactor::Buffer()) {}
OwnedRequest::OwnedRequest(const Request& request, reactor::Buffer memory)
    : copy_(std::make_unique<Copy>(request, std::move(memory))) {}
OwnedRequest::OwnedRequest(OwnedRequest&& other) noexcept = default;
OwnedRequest& OwnedRequest::operator=(OwnedRequest&& other) noexcept = default;
OwnedRequest::~OwnedRequest() = default;

const Request& OwnedRequest::view() const { return copy_->request; }

}  // namespace appd::handlers
