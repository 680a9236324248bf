#include "appd/handlers/waiting/owned_request.h"

#include <string>
#include <utility>
#include <vector>

namespace appd::handlers {

struct OwnedRequest::Copy final : PeerSource {
  explicit Copy(const Request& borrowed);
  [[nodiscard]] const Peer& peer() override { return known_peer; }

  std::string action;
  std::string value;  // JSON text
  std::vector<std::byte> payload;
  std::string content_type;
  std::string content_encoding;
  std::string content_length_digits;
  std::string request_id;
  std::string header_action;
  std::string header_json;  // only where it has other fields
  protocol::MessageHeader header;
  Peer known_peer;
  Request request;
};

OwnedRequest::Copy::Copy(const Request& borrowed)
    : action(borrowed.action),
      payload(borrowed.payload.begin(), borrowed.payload.end()),
      content_type(borrowed.header->content_type),
      content_encoding(borrowed.header->content_encoding),
      content_length_digits(borrowed.header->content_length_digits),
      request_id(borrowed.header->request_id),
      header_action(borrowed.header->action.value_or("")),
      header_json(borrowed.header->json),
      header(*borrowed.header),
      known_peer(borrowed.peer()),
      request(borrowed) {
  header.content_type = content_type;
  header.content_encoding = content_encoding;
  header.content_length_digits = content_length_digits;
  header.request_id = request_id;
  if (header.action) header.action = header_action;
  header.json = header_json;
  header.status.reset();  // replies only
  request.action = action;
  request.payload = payload;
  request.header = &header;
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
