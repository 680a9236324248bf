#include "appd/protocol/text/utf8.h"

#include <doctest/doctest.h>

#include <random>
#include <string>

#include "tests/protocol/bytes.h"

namespace appd::protocol {
namespace {

TEST_CASE("utf8: what RFC 3629 forbids is invalid, and its place is known") {
  struct Sample {
    std::string_view bytes;
    std::size_t valid;
  };
  for (const Sample& bad : {
           Sample{"ab\x80", 2},              // a continuation that continues nothing
           Sample{"\xc0\x80", 0},            // overlong NUL
           Sample{"a\xc1\xbf", 1},           // overlong
           Sample{"\xe0\x9f\xbf", 0},        // overlong
           Sample{"\xf0\x8f\xbf\xbf", 0},    // overlong
           Sample{"\xed\xa0\x80", 0},        // surrogate
           Sample{"xyz\xed\xbf\xbf", 3},     // surrogate
           Sample{"\xf4\x90\x80\x80", 0},    // above U+10FFFF
           Sample{"\xf5\x80\x80\x80", 0},    // no such lead
           Sample{"\xff", 0},                // no such lead
           Sample{"\xc3\xa9\xc3", 2},        // breaks off
           Sample{"\xf0\x9f\x90", 0},        // breaks off
           Sample{"\xe2\x28\xa1", 0},        // second byte
           Sample{"\xf0\x9f\x28\x83zz", 0},  // third byte
       }) {
    CAPTURE(std::string(bad.bytes));
    CHECK_FALSE(is_valid_utf8(bad.bytes));
    CHECK(valid_utf8_bytes(bad.bytes) == bad.valid);
  }
}

TEST_CASE("utf8: the ends of every range are valid") {
  for (std::string_view good :
       {std::string_view(""), std::string_view("\0", 1), std::string_view("\x7f"),
        std::string_view("\xc2\x80"), std::string_view("\xdf\xbf"),
        std::string_view("\xe0\xa0\x80"), std::string_view("\xed\x9f\xbf"),
        std::string_view("\xee\x80\x80"), std::string_view("\xef\xbf\xbf"),
        std::string_view("\xf0\x90\x80\x80"), std::string_view("\xf4\x8f\xbf\xbf")}) {
    CHECK(is_valid_utf8(good));
    CHECK(valid_utf8_bytes(good) == good.size());
  }
}

TEST_CASE("utf8: the quick answer and the exact one agree on random bytes") {
  for (unsigned seed = 0; seed < 2000; ++seed) {
    CAPTURE(seed);
    std::mt19937 random(seed);
    std::string bytes = testing::random_text(random, 40);
    if (!bytes.empty()) bytes[random() % bytes.size()] = static_cast<char>(random());
    CHECK(is_valid_utf8(bytes) == (valid_utf8_bytes(bytes) == bytes.size()));
  }
}

TEST_CASE("utf8: every character reads back as it was written") {
  for (char32_t c = 0; c <= 0x10ffff; c = c == 0xd7ff ? 0xe000 : c + 1) {
    std::string text;
    append_utf8(text, c);
    std::string_view rest = text;
    if (valid_utf8_bytes(text) != text.size() || take_utf8(rest) != c || !rest.empty()) {
      FAIL("character ", static_cast<unsigned>(c));
    }
  }
}

TEST_CASE("utf8: a prefix ends at a character") {
  std::string_view text = "a\xc3\xa9\xf0\x9f\x90\xb0z";
  CHECK(utf8_prefix(text, 0).empty());
  CHECK(utf8_prefix(text, 1) == "a");
  CHECK(utf8_prefix(text, 2) == "a");
  CHECK(utf8_prefix(text, 3) == "a\xc3\xa9");
  CHECK(utf8_prefix(text, 6) == "a\xc3\xa9");
  CHECK(utf8_prefix(text, 7) == "a\xc3\xa9\xf0\x9f\x90\xb0");
  CHECK(utf8_prefix(text, 8) == text);
  CHECK(utf8_prefix(text, 100) == text);
}

TEST_CASE("utf8: a byte order mark in front is skipped once") {
  CHECK(without_byte_order_mark("\xef\xbb\xbf{}") == "{}");
  CHECK(without_byte_order_mark("{}\xef\xbb\xbf") == "{}\xef\xbb\xbf");
  CHECK(without_byte_order_mark("\xef\xbb").size() == 2);
  CHECK(without_byte_order_mark("\xef\xbb\xbf\xef\xbb\xbf") == "\xef\xbb\xbf");
  CHECK(without_byte_order_mark("").empty());
}

}  // namespace
}  // namespace appd::protocol
