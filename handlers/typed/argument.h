// The argument of a call in the shape an action wants it. Each fails with invalid_argument (and,
// where said, out_of_range) and a text that names the action, what it takes and what came.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "appd/handlers/handler.h"

namespace appd::handlers {

// kJson: the value, whatever its kind; only a missing one is an error.
[[nodiscard]] Result<JsonView> value_argument(const Request& request);

// kJson: a string; a view into the request, or into `scratch` where the text had escapes.
// kBinary: the payload, which must be UTF-8. Valid as long as the request and `scratch`.
[[nodiscard]] Result<std::string_view> string_argument(const Request& request,
                                                       std::string& scratch);

// kJson: an integer (5.0 is none); out_of_range past 64 bits.
// kBinary: exactly 4 bytes, a 32-bit integer in network order.
[[nodiscard]] Result<std::int64_t> integer_argument(const Request& request);

}  // namespace appd::handlers
