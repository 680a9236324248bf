// A reply: everything that came back for one request, as a value of its own.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>

#include "appd/clients/client_error.h"
#include "appd/clients/request.h"
#include "appd/protocol/byte_order.h"
#include "appd/protocol/message_header.h"

namespace appd::clients {

struct Reply {
  std::string content;  // bytes, as they came

  // Of an echo without messages (raw, framed) all that follows is empty.
  std::string header;  // the whole JSON header as it came: fields that nobody knows included
  std::string content_type;
  std::string content_encoding;
  protocol::ByteOrder byte_order = protocol::kNativeByteOrder;  // the server's, if it says one
  bool keep_alive = false;            // the server keeps the connection open
  std::string request_id;             // JSON text, empty: none
  std::optional<std::string> status;  // "ok" or an error's code; absent in a plain reply

  // JSON content only: the value of its "result" as JSON text, or the whole content where it has
  // no such member.
  std::string result;

  // The server says that the call failed: a status other than "ok", or, where there is no status,
  // a result that is a string beginning with "Error: ".
  bool is_error = false;

  [[nodiscard]] bool is_json() const { return content_type == protocol::kJsonContentType; }

  // The error that it tells, with the server's status and text; `internal` for a status that we do
  // not know or a reply without one. nullopt: it tells none.
  [[nodiscard]] std::optional<Error> failure() const;

  // The content as UTF-8, decoded by its encoding. Errors: kProtocolBroken for an encoding that is
  // no text encoding, or content that is not valid in it.
  [[nodiscard]] Result<std::string> text() const;

  // The result for a person or a program: a JSON string's characters, any other JSON value as JSON
  // text, binary content as its bytes. Errors: kServerError when is_error, the message is the
  // server's text without "Error: ".
  [[nodiscard]] Result<std::string> result_text() const;
};

// From a decoded message; `header_json` is part 2 of it. Errors: kProtocolBroken for JSON content
// that cannot be decoded or is not JSON.
[[nodiscard]] Result<Reply> make_reply(const protocol::MessageHeader& header,
                                       std::span<const std::byte> header_json,
                                       std::span<const std::byte> content);

// From a request that an echo server gave back unchanged.
[[nodiscard]] Reply make_echo_reply(const WireRequest& request, protocol::Protocol protocol);

}  // namespace appd::clients
