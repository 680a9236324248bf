#include "appd/protocol/text/printable_text.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "appd/protocol/text/json.h"
#include "appd/protocol/text/utf8.h"

namespace appd::protocol {
namespace {

constexpr std::string_view kReplacementCharacter = "\xef\xbf\xbd";
constexpr std::size_t kLongestCharacterBytes = 4;

struct Range {
  char32_t first;
  char32_t last;
  bool hidden;
};
constexpr bool kHidden = true;
constexpr bool kSeen = false;

// What str.isprintable() denies, of Unicode 14: the categories Cc, Cf, Zs (but the space), Zl, Zp
// and Co. Unassigned characters, which Python denies too, are left out, but for a few between
// others of the table: that list would be long, and outdated with every Unicode version. Of Cf the
// Arabic and Kaithi number signs are seen, and all of Zs and Co.
constexpr std::array<Range, 30> kUnprintable = {{
    {0x0, 0x1f, kHidden},        {0x7f, 0x9f, kHidden},       {0xa0, 0xa0, kSeen},
    {0xad, 0xad, kHidden},       {0x600, 0x605, kSeen},       {0x61c, 0x61c, kHidden},
    {0x6dd, 0x6dd, kSeen},       {0x70f, 0x70f, kSeen},       {0x890, 0x891, kSeen},
    {0x8e2, 0x8e2, kSeen},       {0x1680, 0x1680, kSeen},     {0x180e, 0x180e, kHidden},
    {0x2000, 0x200a, kSeen},     {0x200b, 0x200f, kHidden},   {0x2028, 0x202e, kHidden},
    {0x202f, 0x202f, kSeen},     {0x205f, 0x205f, kSeen},     {0x2060, 0x206f, kHidden},
    {0x3000, 0x3000, kSeen},     {0xe000, 0xf8ff, kSeen},     {0xfeff, 0xfeff, kHidden},
    {0xfff9, 0xfffb, kHidden},   {0x110bd, 0x110bd, kSeen},   {0x110cd, 0x110cd, kSeen},
    {0x13430, 0x13438, kHidden}, {0x1bca0, 0x1bca3, kHidden}, {0x1d173, 0x1d17a, kHidden},
    {0xe0000, 0xe007f, kHidden}, {0xf0000, 0xffffd, kSeen},   {0x100000, 0x10fffd, kSeen},
}};

// nullptr: printable.
const Range* find_unprintable(char32_t character) {
  const auto range = std::lower_bound(kUnprintable.begin(), kUnprintable.end(), character,
                                      [](const Range& r, char32_t c) { return r.last < c; });
  return range == kUnprintable.end() || character < range->first ? nullptr : &*range;
}

void append_escape(std::string& out, char32_t unit) {
  out += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4) out += "0123456789abcdef"[(unit >> shift) & 0xf];
}

// RFC 8259, section 7.
void append_json_escape(std::string& out, char32_t character) {
  if (character < 0x10000) {
    append_escape(out, character);
  } else {
    append_escape(out, 0xd800 + ((character - 0x10000) >> 10));
    append_escape(out, 0xdc00 + ((character - 0x10000) & 0x3ff));
  }
}

// Bytes of the character that `bytes` begins with; 0 where it begins with none.
std::size_t character_bytes(std::string_view bytes) {
  const std::size_t longest = std::min(kLongestCharacterBytes, bytes.size());
  for (std::size_t length = 1; length <= longest; ++length) {
    if (is_valid_utf8(bytes.substr(0, length))) return length;
  }
  return 0;
}

std::string visible(std::string_view bytes, std::string_view kept) {
  std::string scratch;
  std::string text;
  append_visible(text, valid_utf8(bytes, scratch), kept);
  return text;
}

}  // namespace

bool is_printable(char32_t character) { return find_unprintable(character) == nullptr; }

bool is_hidden(char32_t character) {
  if (character >= 0x20 && character < 0x7f) return false;
  const Range* range = find_unprintable(character);
  return range != nullptr && range->hidden;
}

bool has_hidden(std::string_view utf8) {
  while (!utf8.empty()) {
    if (is_hidden(take_utf8(utf8))) return true;
  }
  return false;
}

void append_visible(std::string& out, std::string_view utf8, std::string_view kept) {
  while (!utf8.empty()) {
    const char* const begin = utf8.data();
    const char32_t character = take_utf8(utf8);
    const bool stays = !is_hidden(character) ||
                       (character < 0x80 && kept.find(static_cast<char>(character)) != kept.npos);
    if (stays) {
      out.append(begin, utf8.data());
    } else {
      append_json_escape(out, character);
    }
  }
}

void append_visible_json(std::string& out, std::string_view utf8) {
  if (!has_hidden(utf8)) {
    append_json_string(out, utf8);
    return;
  }
  std::string json;
  append_json_string(json, utf8);
  append_visible(out, json);
}

std::string_view valid_utf8(std::string_view bytes, std::string& scratch) {
  if (is_valid_utf8(bytes)) return bytes;
  scratch.clear();
  while (!bytes.empty()) {
    const std::size_t length = character_bytes(bytes);
    scratch.append(length > 0 ? bytes.substr(0, length) : kReplacementCharacter);
    bytes.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return scratch;
}

std::string on_one_line(std::string_view bytes) { return visible(bytes, {}); }

std::string on_lines(std::string_view bytes) { return visible(bytes, "\n\t"); }

std::string in_quotes(std::string_view bytes) {
  std::string scratch;
  std::string text;
  append_visible_json(text, valid_utf8(bytes, scratch));
  return text;
}

}  // namespace appd::protocol
