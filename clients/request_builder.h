// How an action and a value, as a person types them, become a request (docs/appctl.md).
//
//   action            value                                    sent as
//   binary            its bytes                                the action's and the value's bytes
//   double, negate    a whole number of 32 bits                the name and a big-endian int32
//   search            a string, whatever it looks like         {"action": ..., "value": "..."}
//   every other one   JSON where it is valid, else a string    {"action": ..., "value": ...}
//
// The first two are the tutorial client's binary messages, the others its JSON, byte for byte.
// JSON values are sent as they were typed, without the white space around them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "clients/client_error.h"
#include "clients/request.h"
#include "protocol/address.h"

namespace appd::clients {

enum class ValueForm : std::uint8_t {
  kAutomatic,  // the table above
  kJson,       // JSON as it stands; integers of 64 bits for double and negate
  kString,     // a JSON string
  kBinary,     // the action's and the value's bytes, one behind the other, for any action
};

struct CallValue {
  std::optional<std::string> text;  // absent: the message has no "value"
  // Came from a file or a pipe: one line end behind a text is not part of it. Bytes are kept.
  bool from_stream = false;
};

// The reply to such a request is `result` and a big-endian int32, to be shown as a number.
[[nodiscard]] bool is_packed_number(std::string_view action, ValueForm form);
// What such a reply says; nullopt where it is something else.
[[nodiscard]] std::optional<std::int32_t> unpack_number(std::string_view content);

// For an app server. `fields`: NAME=VALUE header fields; VALUE is JSON where it is valid JSON, else
// a string. connection, request-id, deadline-ms and action go to their places; content-type and
// content-encoding replace the usual ones, and text is encoded accordingly where the encoding is
// known. byteorder and content-length, which follow from the content, are refused.
// Errors: kInvalidRequest, saying what was wrong and what would be right.
[[nodiscard]] Result<Request> build_request(std::string_view action, const CallValue& value,
                                            ValueForm form,
                                            const std::vector<std::string>& fields = {});

// For an echo server: `value` alone. Fields and, for a message echo, the content-type follow from
// `form` (kJson: text/json; kString: text/plain; kBinary: binary; kAutomatic: text/plain where it
// is UTF-8, else binary); raw and framed echoes have neither. Errors: kInvalidRequest.
[[nodiscard]] Result<Request> build_echo_request(protocol::Protocol protocol, std::string value,
                                                 ValueForm form,
                                                 const std::vector<std::string>& fields = {});

}  // namespace appd::clients
