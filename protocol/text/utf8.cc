#include "appd/protocol/text/utf8.h"

#include <simdjson.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace appd::protocol {
namespace {

std::uint8_t byte_at(std::string_view text, std::size_t index) {
  return static_cast<std::uint8_t>(text[index]);
}

bool is_continuation(std::uint8_t byte) { return (byte & 0xc0) == 0x80; }

// Length that a lead byte announces; 0: not a lead byte of any valid character.
std::size_t announced_bytes(std::uint8_t lead) {
  if (lead < 0x80) return 1;
  if (lead < 0xc2) return 0;
  if (lead < 0xe0) return 2;
  if (lead < 0xf0) return 3;
  return lead < 0xf5 ? 4 : 0;
}

// RFC 3629, section 4: the second byte decides about overlong forms, surrogates and U+10FFFF.
bool is_second_byte(std::uint8_t lead, std::uint8_t second) {
  switch (lead) {
    case 0xe0:
      return second >= 0xa0 && second <= 0xbf;
    case 0xed:
      return second >= 0x80 && second <= 0x9f;
    case 0xf0:
      return second >= 0x90 && second <= 0xbf;
    case 0xf4:
      return second >= 0x80 && second <= 0x8f;
    default:
      return is_continuation(second);
  }
}

// Bytes of the valid character at the front of `text`, 0 if there is none.
std::size_t first_character_bytes(std::string_view text) {
  std::uint8_t lead = byte_at(text, 0);
  std::size_t count = announced_bytes(lead);
  if (count > text.size()) return 0;
  if (count < 2) return count;
  if (!is_second_byte(lead, byte_at(text, 1))) return 0;
  for (std::size_t i = 2; i < count; ++i) {
    if (!is_continuation(byte_at(text, i))) return 0;
  }
  return count;
}

// Up to here looking for the first byte that is not ASCII, mostly in vain, is quicker than the call
// of the vectorised function.
constexpr std::size_t kShortBytes = 128;

// ASCII bytes at the front, as far as whole words go, and the rest if all of it is ASCII.
std::size_t leading_ascii_bytes(std::string_view text) {
  constexpr std::uint64_t kHighBits = 0x8080808080808080;
  std::size_t at = 0;
  for (; text.size() - at >= sizeof(std::uint64_t); at += sizeof(std::uint64_t)) {
    std::uint64_t word;
    std::memcpy(&word, text.data() + at, sizeof word);
    if ((word & kHighBits) != 0) return at;
  }
  for (std::size_t rest = at; rest < text.size(); ++rest) {
    if (byte_at(text, rest) >= 0x80) return at;
  }
  return text.size();
}

}  // namespace

bool is_valid_utf8(std::string_view bytes) {
  if (bytes.size() <= kShortBytes) bytes.remove_prefix(leading_ascii_bytes(bytes));
  return bytes.empty() || simdjson::validate_utf8(bytes.data(), bytes.size());
}

std::string_view without_byte_order_mark(std::string_view text) {
  if (text.starts_with(kUtf8ByteOrderMark)) text.remove_prefix(kUtf8ByteOrderMark.size());
  return text;
}

std::size_t valid_utf8_bytes(std::string_view bytes) {
  std::size_t valid = 0;
  while (valid < bytes.size()) {
    std::size_t count = first_character_bytes(bytes.substr(valid));
    if (count == 0) break;
    valid += count;
  }
  return valid;
}

std::string_view utf8_prefix(std::string_view text, std::size_t max_bytes) {
  if (text.size() <= max_bytes) return text;
  std::size_t end = max_bytes;
  while (end > 0 && is_continuation(byte_at(text, end))) --end;
  return text.substr(0, end);
}

char32_t take_utf8(std::string_view& text) {
  std::uint8_t lead = byte_at(text, 0);
  std::size_t count = announced_bytes(lead);
  char32_t character = count == 1 ? lead : static_cast<char32_t>(lead & (0xffu >> (count + 1)));
  for (std::size_t i = 1; i < count; ++i) {
    character = (character << 6) | (byte_at(text, i) & 0x3fu);
  }
  text.remove_prefix(count);
  return character;
}

void append_utf8(std::string& out, char32_t character) {
  auto put = [&out](char32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (character < 0x80) {
    put(character);
  } else if (character < 0x800) {
    put(0xc0 | (character >> 6));
    put(0x80 | (character & 0x3f));
  } else if (character < 0x10000) {
    put(0xe0 | (character >> 12));
    put(0x80 | ((character >> 6) & 0x3f));
    put(0x80 | (character & 0x3f));
  } else {
    put(0xf0 | (character >> 18));
    put(0x80 | ((character >> 12) & 0x3f));
    put(0x80 | ((character >> 6) & 0x3f));
    put(0x80 | (character & 0x3f));
  }
}

}  // namespace appd::protocol
