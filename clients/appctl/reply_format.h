// A reply as appctl prints it (docs/appctl.md).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "appd/clients/reply.h"

namespace appd::clients {

enum class OutputFormat : std::uint8_t {
  kText,  // the result and a line end; nothing for an error
  kJson,  // one JSON object and a line end, for errors too
  kRaw,   // the content's bytes as they came; nothing for an error
};

// kText: a JSON string's characters, other JSON as it came, a packed number in decimal, other
// binary content as its bytes. kJson: {"error": BOOL, "status": "ok", "request-id": ID, "result":
// VALUE, "content-base64": "...", "header": {...}}, without what the reply lacks; "result" of JSON
// content and packed numbers, "content-base64" of all content that is not JSON.
// `packed_number`: the reply to double or negate in their binary form.
[[nodiscard]] std::string format_reply(const Reply& reply, OutputFormat format, bool packed_number);

// RFC 4648, section 4.
[[nodiscard]] std::string base64(std::string_view bytes);

}  // namespace appd::clients
