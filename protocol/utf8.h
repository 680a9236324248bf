// UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing above U+10FFFF.
#pragma once

#include <cstddef>
#include <string_view>

namespace appd::protocol {

[[nodiscard]] bool is_valid_utf8(std::string_view bytes);

// The longest prefix of valid UTF-8 `text` that has at most `max_bytes` bytes and ends at a
// character.
[[nodiscard]] std::string_view utf8_prefix(std::string_view text, std::size_t max_bytes);

}  // namespace appd::protocol
