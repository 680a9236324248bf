#include "protocol/json_text.h"

#include <doctest/doctest.h>

#include <cstddef>
#include <memory>
#include <string>

namespace appd::protocol::internal {
namespace {

// In memory of its own without a byte to spare, so that sanitizers see what is read beyond it.
std::size_t special_at(const std::string& text) {
  const std::unique_ptr<char[]> exact(new char[text.size()]);
  text.copy(exact.get(), text.size());
  return static_cast<std::size_t>(find_special(exact.get(), exact.get() + text.size()) -
                                  exact.get());
}

TEST_CASE("find_special: every byte value is told apart, at every place of every length") {
  for (std::size_t length = 0; length <= 40; ++length) {
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
  for (std::size_t first = 0; first < 40; ++first) {
    for (std::size_t second = first; second < 40; ++second) {
      std::string text(40, '\xff');
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

}  // namespace
}  // namespace appd::protocol::internal
