// How an action and a value become a request: the value as JSON or as bytes, for any action alike.
// The forms that the tutorial's client has for some actions are appctl's (tutorial_form.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "appd/clients/client_error.h"
#include "appd/clients/request.h"
#include "appd/protocol/address.h"

namespace appd::clients {

enum class ValueForm : std::uint8_t {
  kAutomatic,  // JSON where the value is valid JSON, else a JSON string
  kJson,       // JSON as it was typed, without the white space around it
  kString,     // a JSON string
  // The value's bytes are the content, and the header names the action: bytes for any action.
  kContent,
  // The action's and the value's bytes, one behind the other, and no action in the header: what
  // the tutorial's client sends for actions that it does not know. A server gives it to `binary`.
  kBinary,
};

struct CallValue {
  std::optional<std::string> text;  // absent: the message has no "value"
  // Came from a file or a pipe: a byte order mark in front of a text and one line end behind it are
  // not part of it. Bytes are kept.
  bool from_stream = false;
};

// For an app server. `fields`: NAME=VALUE header fields; VALUE is JSON where it is valid JSON, else
// a string. connection, request-id, deadline-ms and action go to their places; content-type and
// content-encoding replace the usual ones, and text is encoded accordingly where the encoding is
// known. byteorder and content-length, which follow from the content, are refused.
// Errors: kInvalidRequest, saying what was wrong and what would be right.
[[nodiscard]] Result<Request> build_request(std::string_view action, CallValue value,
                                            ValueForm form,
                                            const std::vector<std::string>& fields = {});

// For an echo server: `value` alone. Fields and, for a message echo, the content-type follow from
// `form` (kJson: text/json; kString: text/plain; kBinary, kContent: binary; kAutomatic: text/plain
// where it is UTF-8, else binary); raw and framed echoes have neither. Errors: kInvalidRequest.
[[nodiscard]] Result<Request> build_echo_request(protocol::Protocol protocol, std::string value,
                                                 ValueForm form,
                                                 const std::vector<std::string>& fields = {});

}  // namespace appd::clients
