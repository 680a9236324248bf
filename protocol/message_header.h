// The JSON header of a message (docs/protocol.md 2.1): what it says, parsed from its bytes.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "appd/protocol/byte_order.h"
#include "appd/protocol/status.h"
#include "appd/protocol/text/json.h"

namespace appd::protocol {

inline constexpr std::string_view kJsonContentType = "text/json";
inline constexpr std::string_view kUtf8Encoding = "utf-8";
inline constexpr std::string_view kBinaryEncoding = "binary";
inline constexpr std::string_view kClientBinaryType = "binary/custom-client-binary-type";
inline constexpr std::string_view kServerBinaryType = "binary/custom-server-binary-type";

// Bytes of a known field's text at most, decoded, or, of request-id, as it was sent (without the
// quotation marks): a reply repeats some of them, escaped anew or as they are, and must fit into a
// header of 65,535 bytes itself. Longer is bad_header.
inline constexpr std::size_t kMaxFieldBytes = 4096;

// A deadline-ms above is bad_header: 2^31 - 1 ms, nearly 25 days, so that adding it to any time of
// day cannot overflow.
inline constexpr std::chrono::milliseconds kMaxDeadline{2147483647};

// A call-depth above is bad_header; servers stop their handlers long before (CallServices).
inline constexpr int kMaxDepthField = 255;

// The comparison with a text of a length that the compiler knows, which needs no call.
[[nodiscard]] inline bool is_constant(std::string_view text, std::string_view constant) {
  return text.size() == constant.size() &&
         std::memcmp(text.data(), constant.data(), constant.size()) == 0;
}

// Field by field. Text is borrowed from the header's bytes, or from the parser's scratch where it
// was escaped.
struct MessageHeader {
  std::optional<ByteOrder> byte_order;  // nullopt: another text, which says nothing
  std::string_view content_type;
  std::string_view content_encoding;
  std::uint64_t content_length = 0;        // at most 2^63 - 1
  std::string_view content_length_digits;  // as they stood in the header; empty when it was cached

  // Extensions. Empty or nullopt where the field is absent.
  bool has_connection = false;
  bool keep_alive = false;
  std::string_view request_id;  // its JSON text, as it was sent: "abc" with the quotes, or 17
  std::optional<std::chrono::milliseconds> deadline;
  std::optional<std::string_view> action;
  int call_depth = 0;  // calls within calls that led to this request: 0 for a client's own

  // In a reply only.
  std::optional<std::string_view> status;

  // The JSON text in which other_field() looks; empty where the header has no other fields.
  std::string_view json;

  // The value, as it was sent, of a field that is none of the above: "trace-id". ASCII case does
  // not matter in a name. nullopt: there is none, or there are several, which one cannot choose
  // from. Parses the header anew, each time; valid as long as the header's texts.
  [[nodiscard]] std::optional<JsonView> other_field(std::string_view name) const;

  [[nodiscard]] bool is_json() const { return is_constant(content_type, kJsonContentType); }
  [[nodiscard]] bool is_utf8() const { return is_constant(content_encoding, kUtf8Encoding); }
  // A reply to it carries extension fields.
  [[nodiscard]] bool extended() const {
    return has_connection || !request_id.empty() || deadline.has_value();
  }
};

enum class HeaderRules : std::uint8_t {
  kAllRequired,  // byteorder, content-type, content-encoding, content-length
  kLengthOnly,   // message-echo: only content-length is required and looked at, and connection
};

// Parses part 2 of a message. Names compare without regard to (ASCII) case, and decoded where they
// have escapes; unknown fields are ignored, a known one twice is refused, a reply's `status` too.
//
// Types: byteorder (any text), content-type, content-encoding, action (not empty) and status are
// strings, connection is the string keep-alive or close, request-id a string or an integer;
// content-length, deadline-ms and call-depth are integers from 0 on, written without fraction or
// exponent.
//
// Errors: bad_header, whose text names the field and says what would be right. `header` then holds
// what was understood, a request-id in particular. Both `header` and `scratch` are overwritten.
// `scratch` keeps unescaped text; `header` borrows from it and from `json`.
[[nodiscard]] Result<void> parse_message_header(JsonReader& reader, std::span<const std::byte> json,
                                                HeaderRules rules, MessageHeader& header,
                                                std::string& scratch);

}  // namespace appd::protocol
