#include "appd/protocol/text/json_text.h"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace appd::protocol::internal {
namespace {

// In memory of its own without a byte to spare, so that sanitizers see what is read beyond it.
std::size_t special_at(const std::string& text) {
  const std::unique_ptr<char[]> exact(new char[text.size()]);
  text.copy(exact.get(), text.size());
  return static_cast<std::size_t>(find_special(exact.get(), exact.get() + text.size()) -
                                  exact.get());
}

// Long texts go by larger steps: lengths about where these begin, and about two of them.
TEST_CASE("find_special: every byte value is told apart, at every place of every length") {
  for (std::size_t length = 0; length <= 160; length += length < 40 ? 1 : 23) {
    CHECK(special_at(std::string(length, 'x')) == length);
    for (std::size_t at = 0; at < length; ++at) {
      for (int value = 0; value < 256; ++value) {
        std::string text(length, 'x');
        text[at] = static_cast<char>(value);
        const bool special = value == '"' || value == '\\' || value < 0x20;
        if (special_at(text) == (special ? at : length)) continue;
        CAPTURE(length);
        CAPTURE(at);
        FAIL_CHECK("byte " << value);
      }
    }
  }
}

TEST_CASE("find_special: the first of several is found") {
  constexpr std::size_t kLength = 150;
  for (std::size_t first = 0; first < kLength; ++first) {
    for (std::size_t second = first; second < kLength; ++second) {
      std::string text(kLength, '\xff');
      text[second] = '"';
      text[first] = '\x1f';
      CHECK(special_at(text) == first);
    }
  }
}

TEST_CASE("find_special: what stands before the place to begin at is not found") {
  const std::string text(40, '"');
  const std::string plain(40, 'x');
  for (std::size_t from = 0; from <= 40; ++from) {
    const std::string mixed = text.substr(0, from) + plain.substr(from);
    const char* const found =
        find_special(mixed.data() + from, mixed.data() + mixed.size(), mixed.data());
    CHECK(found == mixed.data() + mixed.size());
    const std::string last = text.substr(0, from) + plain.substr(from) + '"';
    CHECK(find_special(last.data() + from, last.data() + last.size(), last.data()) ==
          last.data() + 40);
  }
}

// Where the string ends whose inside is `rest`, or -1.
std::ptrdiff_t string_end(const std::string& rest) {
  const std::unique_ptr<char[]> exact(new char[rest.size()]);
  rest.copy(exact.get(), rest.size());
  const char* const quote = find_string_end(exact.get(), exact.get() + rest.size());
  return quote == nullptr ? -1 : quote - exact.get();
}

TEST_CASE("find_string_end: a valid string ends at its quotation mark, any other nowhere") {
  CHECK(string_end(R"(")") == 0);
  CHECK(string_end(R"(abc", "d")") == 3);
  CHECK(string_end(R"(\\")") == 2);
  CHECK(string_end(R"(\"\/\b\f\n\r\t")") == 14);
  CHECK(string_end(R"(\u00e9\ud83d\udc30")") == 18);
  for (const char* invalid :
       {"", "abc", R"(\)", R"(\")", R"(\x")", "\n\"", R"(\u00e")", R"(\u+0e9")", R"(\ud83d")",
        R"(\ud83dx")", R"(\udc30")", R"(\ud83d\u0041")", R"(\ud83d\ud83d")"}) {
    CAPTURE(invalid);
    CHECK(string_end(invalid) == -1);
  }
}

// The same by RFC 8259, section 7, one character after the other; surrogates come in whole pairs.
std::ptrdiff_t expected_end(const std::string& rest) {
  bool half = false;  // the first half of a pair was the last character
  for (std::size_t at = 0; at < rest.size();) {
    const std::string letter = rest[at] == '\\' ? rest.substr(at + 1, 1) : "";
    long unit = -1;
    if (letter == "u") {
      const std::string digits = rest.substr(at + 2, 4);
      const bool all_hex = digits.find_first_not_of("0123456789abcdefABCDEF") == std::string::npos;
      if (digits.size() < 4 || !all_hex) return -1;
      unit = std::stol(digits, nullptr, 16);
    }
    const bool second = unit >= 0xdc00 && unit <= 0xdfff;
    if (half != second) return -1;
    half = unit >= 0xd800 && unit <= 0xdbff;
    if (rest[at] == '"') return static_cast<std::ptrdiff_t>(at);
    if (rest[at] >= 0 && rest[at] < 0x20) return -1;
    if (rest[at] == '\\' && (letter.empty() || !std::strchr("u\"\\/bfnrt", letter[0]))) return -1;
    at += unit >= 0 ? 6 : rest[at] == '\\' ? 2 : 1;
  }
  return -1;
}

TEST_CASE("find_string_end: it agrees with the grammar read one character after the other") {
  const std::vector<std::string> parts = {"\\",        "\\u",
                                          "u",         "\"",
                                          R"(\n)",     R"(\/)",
                                          "x",         R"(\x)",
                                          "\n",        "\xc3\xa9",
                                          R"(\u00e9)", R"(\ud83d)",
                                          R"(\udc30)", R"(\ud83d\udc30)",
                                          "d8",        "dc",
                                          "0",         "f",
                                          "-",         "as long as a register"};
  const std::uint32_t seed = 7;
  CAPTURE(seed);
  std::mt19937 random(seed);
  int valid = 0;
  for (int i = 0; i < 20000; ++i) {
    std::string rest;
    for (auto count = random() % 8; count > 0; --count) rest += parts[random() % parts.size()];
    if (random() % 4 != 0) rest += '"';
    CAPTURE(rest);
    const std::ptrdiff_t expected = expected_end(rest);
    valid += expected >= 0 ? 1 : 0;
    CHECK(string_end(rest) == expected);
  }
  CHECK(valid > 1000);
}

}  // namespace
}  // namespace appd::protocol::internal
