// UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing above U+10FFFF.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace appd::protocol {

[[nodiscard]] bool is_valid_utf8(std::string_view bytes);

// U+FEFF, which some editors put in front of a file.
inline constexpr std::string_view kUtf8ByteOrderMark = "\xef\xbb\xbf";

// The text behind such a mark, if there is one. For files and what people type: in messages it is
// an error (RFC 8259, 8.1).
[[nodiscard]] std::string_view without_byte_order_mark(std::string_view text);

// Bytes from the front up to the first one that does not belong to a whole, valid character;
// bytes.size() if all is valid. Slower than is_valid_utf8: for texts of errors.
[[nodiscard]] std::size_t valid_utf8_bytes(std::string_view bytes);

// The longest prefix of valid UTF-8 `text` that has at most `max_bytes` bytes and ends at a
// character.
[[nodiscard]] std::string_view utf8_prefix(std::string_view text, std::size_t max_bytes);

// Decodes the first character of valid, non-empty UTF-8 `text` and removes it.
[[nodiscard]] char32_t take_utf8(std::string_view& text);

// `character` is a Unicode scalar value: at most U+10FFFF, no surrogate.
void append_utf8(std::string& out, char32_t character);

}  // namespace appd::protocol
