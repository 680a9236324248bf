// Texts as bytes, messages from their parts, and random characters, for the tests of this folder.
#pragma once

#include <cstddef>
#include <random>
#include <span>
#include <string>
#include <string_view>

#include "appd/protocol/byte_order.h"
#include "appd/protocol/text/utf8.h"

namespace appd::protocol::testing {

inline std::span<const std::byte> as_bytes(std::string_view text) {
  return std::as_bytes(std::span(text));
}

inline std::string_view as_text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Prefix, header, content.
inline std::string message(std::string_view json_header, std::string_view content = {}) {
  std::string bytes(2, '\0');
  store_be16(std::as_writable_bytes(std::span(bytes)),
             static_cast<std::uint16_t>(json_header.size()));
  bytes += json_header;
  bytes += content;
  return bytes;
}

// A message with the four required fields and `more` (", \"name\": value") behind them.
inline std::string plain_message(std::string_view content, std::string_view more = {}) {
  std::string header =
      R"({"byteorder": "little", "content-type": "text/json", "content-encoding": "utf-8", )"
      R"("content-length": )" +
      std::to_string(content.size()) + std::string(more) + "}";
  return message(header, content);
}

// Valid UTF-8 of up to `max_characters` characters of all lengths, controls, quotes and backslashes
// among them.
inline std::string random_text(std::mt19937& random, std::size_t max_characters) {
  auto below = [&random](std::size_t limit) { return random() % limit; };
  std::string text;
  for (std::size_t i = below(max_characters + 1); i > 0; --i) {
    constexpr char32_t kLimits[] = {0x20, 0x80, 0x80, 0x80, 0x800, 0x10000, 0x110000};
    auto character = static_cast<char32_t>(below(kLimits[below(std::size(kLimits))]));
    if (character >= 0xd800 && character <= 0xdfff) character = below(2) == 0 ? '"' : '\\';
    append_utf8(text, character);
  }
  return text;
}

}  // namespace appd::protocol::testing
