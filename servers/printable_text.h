// Any bytes as text that can be shown: in a log line, an error line, a comment.
#pragma once

#include <string>
#include <string_view>

namespace appd::servers {

// `bytes` if they are valid UTF-8, else `scratch`, in which every byte that belongs to no character
// became U+FFFD.
[[nodiscard]] std::string_view valid_utf8(std::string_view bytes, std::string& scratch);

// The same on one line: control characters as \u00xx. For texts of others that may repeat input.
[[nodiscard]] std::string on_one_line(std::string_view bytes);

// In double quotes on one line, escaped as in JSON: for error texts that repeat input.
[[nodiscard]] std::string in_quotes(std::string_view bytes);

}  // namespace appd::servers
