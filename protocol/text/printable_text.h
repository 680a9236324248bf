// Any bytes as text that can be shown: in a log line, an error line, a comment, on a terminal.
//
// What a peer sends may hold characters that are not seen and yet change what is seen: a terminal
// obeys control characters, C1 as well as C0, some programs end a line at U+0085 or U+2028, and
// marks of direction and width make a text look like another one. The table of them is in
// printable_text.cc and nowhere else.
#pragma once

#include <string>
#include <string_view>

namespace appd::protocol {

// What Python's str.isprintable() says, with one exception: characters that Unicode has not
// assigned, which it denies, mostly count as printable here.
[[nodiscard]] bool is_printable(char32_t character);

// Not printable, and nothing is seen in its place: control characters, line and paragraph
// separators, marks of direction and of no width, tags. Spaces of any width, private use and
// visible format signs are not hidden.
[[nodiscard]] bool is_hidden(char32_t character);

[[nodiscard]] bool has_hidden(std::string_view utf8);

// Appends `utf8`, which is valid, with each hidden character as JSON escapes it: \u009b, and a pair
// of surrogates beyond U+FFFF. Those in `kept`, which are ASCII, stay what they are.
void append_visible(std::string& out, std::string_view utf8, std::string_view kept = {});

// Appends `utf8`, which is valid, as a JSON string without hidden characters.
void append_visible_json(std::string& out, std::string_view utf8);

// `bytes` if they are valid UTF-8, else `scratch`, in which every byte that belongs to no character
// became U+FFFD.
[[nodiscard]] std::string_view valid_utf8(std::string_view bytes, std::string& scratch);

// The same on one line, without hidden characters. For texts of others that may repeat input.
[[nodiscard]] std::string on_one_line(std::string_view bytes);

// The same on as many lines as it has: line ends and tabs stay.
[[nodiscard]] std::string on_lines(std::string_view bytes);

// In double quotes on one line, escaped as in JSON: for error texts that repeat input.
[[nodiscard]] std::string in_quotes(std::string_view bytes);

}  // namespace appd::protocol
