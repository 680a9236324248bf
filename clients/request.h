// A request as values, and as the bytes that one of the protocols sends for it.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "appd/clients/client_error.h"
#include "appd/protocol/address.h"
#include "appd/protocol/message_header.h"

namespace appd::clients {

// What clients speak; an address of another protocol is refused with this list.
inline constexpr std::array<std::string_view, 4> kSpokenProtocols = {
    protocol::Protocol::kApp, protocol::Protocol::kMessageEcho, protocol::Protocol::kFramedEcho,
    protocol::Protocol::kRawEcho};

// What is asked. Raw and framed echoes send the content alone and look at nothing else.
struct Request {
  std::string content_type{protocol::kJsonContentType};
  std::string content_encoding = "utf-8";
  std::string content;  // bytes, already in content_encoding

  // Extensions of the header (docs/protocol.md 2.1); what is absent is not sent, and a request
  // without any is byte for byte the tutorial client's.
  std::optional<bool> keep_alive;
  std::string request_id;  // JSON text: "\"abc\"" or "17"; empty: none
  std::optional<std::chrono::milliseconds> deadline;
  std::optional<std::string> action;
  // Any further fields: name, value as JSON text.
  std::vector<std::pair<std::string, std::string>> other_fields;
};

// The bytes of a request: immutable, so that one encoding serves any number of sendings.
struct WireRequest {
  std::string head;         // prefix and JSON header; empty for raw and framed echoes
  std::string body;         // content, or the frames around it
  bool keep_alive = false;  // the connection may carry a further request behind this one

  [[nodiscard]] std::size_t bytes() const { return head.size() + body.size(); }
};
using SharedRequest = std::shared_ptr<const WireRequest>;

// A framed echo gets frames of at most 65,535 bytes (docs/protocol.md 2.3), an empty content one
// empty frame. Errors: kInvalidRequest for a header of more than 65,535 bytes, and for an empty
// content of a raw echo, which nothing would answer.
[[nodiscard]] Result<SharedRequest> encode_request(Request request,
                                                   const protocol::Protocol& protocol);

// What encode_request() put into frames.
[[nodiscard]] std::string content_of_frames(std::string_view frames);

}  // namespace appd::clients
