#include "appd/protocol/text/printable_text.h"

#include <doctest/doctest.h>

#include "appd/protocol/text/json.h"
#include "appd/protocol/text/utf8.h"

using namespace appd::protocol;

namespace {

// C0, C1, DEL, line ends beyond ASCII, marks of direction and of no width, tags.
constexpr char32_t kHiddenCharacters[] = {
    0x0,    0x1b,   0x7f,   0x80,   0x85,    0x9b,    0x9f,    0xad,    0x61c,  0x180e, 0x200b,
    0x200c, 0x200d, 0x200e, 0x200f, 0x2028,  0x2029,  0x202a,  0x202e,  0x2060, 0x2066, 0x2069,
    0x206f, 0xfeff, 0xfff9, 0xfffb, 0x1d173, 0xe0000, 0xe0001, 0xe0020, 0xe007f};
constexpr char32_t kSeenCharacters[] = {U' ',   U'~',   0xa0,   0xa1,    0xe9,    0x301,
                                        0x600,  0x2007, 0x2027, 0x202f,  0x2030,  0x3000,
                                        0xe000, 0xfe0f, 0xfffd, 0x1f430, 0xe0100, 0x10ffff};

std::string utf8(char32_t character) {
  std::string text;
  append_utf8(text, character);
  return text;
}

}  // namespace

TEST_CASE("printable text: valid UTF-8 passes as it is, without a copy") {
  const std::string text = "caf\xc3\xa9 \xf0\x9f\x90\xb6";
  std::string scratch;
  CHECK(valid_utf8(text, scratch).data() == text.data());
}

TEST_CASE("printable text: each byte that belongs to no character becomes U+FFFD") {
  std::string scratch;
  CHECK(valid_utf8("a\xff\xc3\xa9\xc3", scratch) == "a\xef\xbf\xbd\xc3\xa9\xef\xbf\xbd");
  CHECK(valid_utf8("\xf0\x9f\x90", scratch) == "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
}

TEST_CASE("printable text: in quotes it is one line") {
  CHECK(in_quotes("a\n\"b\"") == "\"a\\n\\\"b\\\"\"");
}

TEST_CASE("printable text: hidden is what changes a text without being seen") {
  for (const char32_t character : kHiddenCharacters) {
    CAPTURE(static_cast<std::uint32_t>(character));
    CHECK(is_hidden(character));
    CHECK_FALSE(is_printable(character));
    CHECK(has_hidden("a" + utf8(character)));
  }
  for (const char32_t character : kSeenCharacters) {
    CAPTURE(static_cast<std::uint32_t>(character));
    CHECK_FALSE(is_hidden(character));
    CHECK_FALSE(has_hidden(utf8(character)));
  }
}

TEST_CASE("printable text: what is escaped reads back as JSON, beyond U+FFFF too") {
  for (const char32_t character : kHiddenCharacters) {
    CAPTURE(static_cast<std::uint32_t>(character));
    const std::string quoted = in_quotes("a" + utf8(character) + "z");
    CHECK_FALSE(has_hidden(quoted));
    std::string scratch;
    CHECK(JsonView::parse(quoted).value().string(scratch) == "a" + utf8(character) + "z");
  }
  CHECK(in_quotes("\u202e\U000e0001") == R"("\u202e\udb40\udc01")");
}

TEST_CASE("printable text: on lines its own line ends and tabs stay") {
  CHECK(on_lines("a\n\tb\r\x1b\u0085") == "a\n\tb\\u000d\\u001b\\u0085");
}

TEST_CASE("printable text: on one line what is hidden is escaped, and nothing else") {
  CHECK(on_one_line("a\n\"b\"\x1b[2J\x7f \xff") == "a\\u000a\"b\"\\u001b[2J\\u007f \xef\xbf\xbd");
}
