// Python's notation (repr) for bytes, strings and JSON values, for traces that read like the
// tutorial's.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "appd/protocol/text/json.h"

namespace appd::clients {

// b'\x00g{"byteorder": ...}': single quotes unless the bytes have ' and no "; \t \n \r \\ and \xNN
// (lower case) for what is not printable ASCII.
[[nodiscard]] std::string bytes_literal(std::span<const std::byte> bytes);

// 'text', quotes chosen likewise; printable Unicode as is, and \xNN, \uNNNN or \UNNNNNNNN for
// controls, formats, separators other than the space, and private use. Characters that Unicode has
// not assigned are shown as they are; Python escapes them.
[[nodiscard]] std::string string_literal(std::string_view utf8);

// A JSON value as Python prints it after json.loads: {'result': 'a'}, [1, None, True], 1e400 as
// inf, of a repeated key the last value at the first one's place. Time and memory grow with the
// text alone, however deep it nests.
[[nodiscard]] std::string json_literal(protocol::JsonView value);

}  // namespace appd::clients
