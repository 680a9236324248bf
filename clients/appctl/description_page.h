// What the action `describe` answers, as a page for people (docs/appctl.md).
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace appd::clients {

inline constexpr std::size_t kPageColumns = 80;

// `result`: the JSON of one description or of an array of them. A page a description:
//
//   double - twice an integer
//     takes     an integer of 64 bits; as binary content: 4 bytes, a 32-bit integer
//               in network order
//     gives     ...
//     content   text/json, binary
//     limits    max-content 16777216, request-timeout-ms 30000
//     example   double 7654321
//               -> 15308642
//
// Lines are broken between words at kPageColumns characters; examples stay as they are, for they
// are JSON. Control characters become spaces. A JSON Schema that has no short words stands there
// itself. nullopt: that is no description, but what another server's action of this name answers.
[[nodiscard]] std::optional<std::string> description_page(std::string_view result);

}  // namespace appd::clients
