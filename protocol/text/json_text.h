// Inside the layer: runs and escapes of JSON text, below parsing and writing.
#pragma once

#include <string>
#include <string_view>

namespace appd::protocol::internal {

// The first byte from `begin` that a JSON string cannot hold as it is: a quotation mark, a
// backslash or a control character (below 0x20); `end` if there is none. Sixteen bytes at a time
// where the machine can (SSE2), 64 in a long text; eight elsewhere.
// What lies between `readable` and `begin` belongs to the same text, and is not looked for.
[[nodiscard]] const char* find_special(const char* begin, const char* end, const char* readable);
[[nodiscard]] inline const char* find_special(const char* begin, const char* end) {
  return find_special(begin, end, begin);
}

// Whether a JSON string can hold all of these bytes as they are, and they are ASCII: one look says
// both. `readable` as for find_special().
[[nodiscard]] bool is_plain_ascii(const char* begin, const char* end, const char* readable);

// The closing quotation mark of the string whose inside, or the rest of it, begins at `begin`;
// nullptr where it is not valid JSON: not closed, a control character, an unknown escape, half a
// surrogate pair.
[[nodiscard]] const char* find_string_end(const char* begin, const char* end);

// The end of the JSON number that begins at `begin` (RFC 8259, section 6), the longest there is;
// nullptr where none begins, or one that breaks off ("-", "1.", "1e+").
[[nodiscard]] const char* find_number_end(const char* begin, const char* end);

// Appends the characters that `raw`, the inside of a validated JSON string, stands for. That is
// never longer than `raw`.
void append_unescaped(std::string& out, std::string_view raw);

}  // namespace appd::protocol::internal
