// Writes parts 1 and 2 of a message, byte for byte as the Python original does: keys in the order
// byteorder, content-type, content-encoding, content-length, then extensions; ", " and ": ".
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "appd/protocol/message_header.h"
#include "appd/protocol/status.h"

namespace appd::protocol {

// All texts are valid UTF-8; what JSON needs escaped is escaped.
struct ContentFields {
  std::string_view content_type = kJsonContentType;
  std::string_view content_encoding = kUtf8Encoding;
  std::uint64_t content_length = 0;
};

// What a reply to an extended request carries behind the four fields, in this order.
struct ReplyExtension {
  bool keep_alive = false;
  std::string_view request_id;  // JSON text; empty: none was sent
  Status status = Status::kOk;
};

// Appends prefix and header to `out`. `extension` nullptr: a plain reply. The header always fits
// its 2-byte length as long as the texts keep to kMaxFieldBytes (checked). Returns where in `out`
// the digits of content-length end.
std::size_t encode_reply_header(const ContentFields& content, const ReplyExtension* extension,
                                std::string& out);

// What a request may add, in this order; absent ones are not written.
struct RequestExtension {
  std::optional<bool> keep_alive;  // "keep-alive" or "close"
  std::string_view request_id;     // JSON text
  std::optional<std::chrono::milliseconds> deadline;
  std::optional<std::string_view> action;
  // Any further field: name, and its value as JSON text.
  std::span<const std::pair<std::string, std::string>> others;
};

// Errors: invalid_argument when the header would be longer than 65,535 bytes; `out` is unchanged.
[[nodiscard]] Result<void> encode_request_header(const ContentFields& content,
                                                 const RequestExtension& extension,
                                                 std::string& out);

}  // namespace appd::protocol
