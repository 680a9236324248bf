#include "appd/protocol/text/text_encoding.h"

#include <array>

#include "appd/protocol/text/utf8.h"

namespace appd::protocol {
namespace {

struct Alias {
  std::string_view name;
  TextEncoding encoding;
};

// Python's own names and its aliases (Lib/encodings/aliases.py), normalized: lower case, with '_'
// between the parts. The usual ones first.
constexpr std::array kAliases = {
    Alias{"utf_8", TextEncoding::kUtf8},
    Alias{"utf8", TextEncoding::kUtf8},
    Alias{"utf_16", TextEncoding::kUtf16},
    Alias{"utf_16_le", TextEncoding::kUtf16Le},
    Alias{"utf_16_be", TextEncoding::kUtf16Be},
    Alias{"utf_32", TextEncoding::kUtf32},
    Alias{"utf_32_le", TextEncoding::kUtf32Le},
    Alias{"utf_32_be", TextEncoding::kUtf32Be},
    Alias{"ascii", TextEncoding::kAscii},
    Alias{"latin_1", TextEncoding::kLatin1},
    Alias{"u8", TextEncoding::kUtf8},
    Alias{"utf", TextEncoding::kUtf8},
    Alias{"utf8_ucs2", TextEncoding::kUtf8},
    Alias{"utf8_ucs4", TextEncoding::kUtf8},
    Alias{"cp65001", TextEncoding::kUtf8},
    Alias{"u16", TextEncoding::kUtf16},
    Alias{"utf16", TextEncoding::kUtf16},
    Alias{"utf_16le", TextEncoding::kUtf16Le},
    Alias{"unicodelittleunmarked", TextEncoding::kUtf16Le},
    Alias{"utf_16be", TextEncoding::kUtf16Be},
    Alias{"unicodebigunmarked", TextEncoding::kUtf16Be},
    Alias{"u32", TextEncoding::kUtf32},
    Alias{"utf32", TextEncoding::kUtf32},
    Alias{"utf_32le", TextEncoding::kUtf32Le},
    Alias{"utf_32be", TextEncoding::kUtf32Be},
    Alias{"646", TextEncoding::kAscii},
    Alias{"ansi_x3.4_1968", TextEncoding::kAscii},
    Alias{"ansi_x3_4_1968", TextEncoding::kAscii},
    Alias{"ansi_x3.4_1986", TextEncoding::kAscii},
    Alias{"cp367", TextEncoding::kAscii},
    Alias{"csascii", TextEncoding::kAscii},
    Alias{"ibm367", TextEncoding::kAscii},
    Alias{"iso646_us", TextEncoding::kAscii},
    Alias{"iso_646.irv_1991", TextEncoding::kAscii},
    Alias{"iso_ir_6", TextEncoding::kAscii},
    Alias{"us", TextEncoding::kAscii},
    Alias{"us_ascii", TextEncoding::kAscii},
    Alias{"latin", TextEncoding::kLatin1},
    Alias{"latin1", TextEncoding::kLatin1},
    Alias{"l1", TextEncoding::kLatin1},
    Alias{"8859", TextEncoding::kLatin1},
    Alias{"cp819", TextEncoding::kLatin1},
    Alias{"csisolatin1", TextEncoding::kLatin1},
    Alias{"ibm819", TextEncoding::kLatin1},
    Alias{"iso8859", TextEncoding::kLatin1},
    Alias{"iso8859_1", TextEncoding::kLatin1},
    Alias{"iso_8859_1", TextEncoding::kLatin1},
    Alias{"iso_8859_1_1987", TextEncoding::kLatin1},
    Alias{"iso_ir_100", TextEncoding::kLatin1},
};

constexpr std::size_t kMaxAliasBytes = 24;

bool is_of_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.';
}

// Writes `name` in lower case, its parts joined by one '_' each, as Python does; empty if it is too
// long to be one of ours.
std::string_view normalize(std::string_view name, std::array<char, kMaxAliasBytes>& buffer) {
  std::size_t size = 0;
  bool between = false;
  for (char c : name) {
    if (c == '\0') return {};
    if (!is_of_name(c)) {
      between = size > 0;
      continue;
    }
    if (size + 2 > buffer.size()) return {};
    if (between) buffer[size++] = '_';
    between = false;
    buffer[size++] = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  }
  return {buffer.data(), size};
}

constexpr char32_t kByteOrderMark = 0xfeff;

bool is_surrogate(char32_t unit) { return unit >= 0xd800 && unit <= 0xdfff; }
bool is_high_surrogate(char32_t unit) { return unit >= 0xd800 && unit <= 0xdbff; }
bool is_low_surrogate(char32_t unit) { return unit >= 0xdc00 && unit <= 0xdfff; }

// Which bytes a unit (2 or 4 bytes) has, in an order.
template <std::size_t kBytes>
char32_t load_unit(std::span<const std::byte> from, ByteOrder order) {
  char32_t unit = 0;
  for (std::size_t i = 0; i < kBytes; ++i) {
    std::size_t at = order == ByteOrder::kBig ? i : kBytes - 1 - i;
    unit = (unit << 8) | std::to_integer<char32_t>(from[at]);
  }
  return unit;
}
template <std::size_t kBytes>
void append_unit(std::string& out, char32_t unit, ByteOrder order) {
  for (std::size_t i = 0; i < kBytes; ++i) {
    std::size_t shift = 8 * (order == ByteOrder::kBig ? kBytes - 1 - i : i);
    out.push_back(static_cast<char>((unit >> shift) & 0xff));
  }
}

tl::unexpected<Error> bad_byte(std::string_view encoding, std::size_t offset) {
  std::string text = "invalid ";
  text += encoding;
  text += " at byte ";
  text += std::to_string(offset);
  return fail(Status::kInvalidContent, std::move(text));
}

// Where a wide text begins and in what order it is, after a byte order mark if it may have one.
template <std::size_t kBytes>
struct WideStart {
  ByteOrder order;
  std::size_t offset = 0;

  WideStart(std::span<const std::byte> bytes, ByteOrder unmarked) : order(unmarked) {
    if (bytes.size() < kBytes) return;
    for (ByteOrder marked : {ByteOrder::kLittle, ByteOrder::kBig}) {
      if (load_unit<kBytes>(bytes, marked) != kByteOrderMark) continue;
      order = marked;
      offset = kBytes;
      return;
    }
  }
};

Result<std::string_view> decode_utf16(std::span<const std::byte> bytes, std::size_t offset,
                                      ByteOrder order, std::string& out) {
  constexpr std::size_t kUnit = 2;
  while (offset < bytes.size()) {
    std::span<const std::byte> rest = bytes.subspan(offset);
    if (rest.size() < kUnit) return bad_byte("UTF-16", offset);
    char32_t unit = load_unit<kUnit>(rest, order);
    if (!is_surrogate(unit)) {
      append_utf8(out, unit);
      offset += kUnit;
      continue;
    }
    if (!is_high_surrogate(unit) || rest.size() < 2 * kUnit) return bad_byte("UTF-16", offset);
    char32_t low = load_unit<kUnit>(rest.subspan(kUnit), order);
    if (!is_low_surrogate(low)) return bad_byte("UTF-16", offset);
    append_utf8(out, 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00));
    offset += 2 * kUnit;
  }
  return out;
}

Result<std::string_view> decode_utf32(std::span<const std::byte> bytes, std::size_t offset,
                                      ByteOrder order, std::string& out) {
  constexpr std::size_t kUnit = 4;
  for (; offset < bytes.size(); offset += kUnit) {
    std::span<const std::byte> rest = bytes.subspan(offset);
    if (rest.size() < kUnit) return bad_byte("UTF-32", offset);
    char32_t unit = load_unit<kUnit>(rest, order);
    if (unit > 0x10ffff || is_surrogate(unit)) return bad_byte("UTF-32", offset);
    append_utf8(out, unit);
  }
  return out;
}

Result<std::string_view> decode_ascii(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (static_cast<unsigned char>(text[i]) >= 0x80) return bad_byte("ASCII", i);
  }
  return text;
}

void encode_utf16(std::string_view utf8, ByteOrder order, std::string& out) {
  out.reserve(out.size() + 2 * utf8.size());
  while (!utf8.empty()) {
    char32_t character = take_utf8(utf8);
    if (character < 0x10000) {
      append_unit<2>(out, character, order);
    } else {
      append_unit<2>(out, 0xd800 + ((character - 0x10000) >> 10), order);
      append_unit<2>(out, 0xdc00 + ((character - 0x10000) & 0x3ff), order);
    }
  }
}

void encode_utf32(std::string_view utf8, ByteOrder order, std::string& out) {
  out.reserve(out.size() + 4 * utf8.size());
  while (!utf8.empty()) append_unit<4>(out, take_utf8(utf8), order);
}

Result<std::string> encode_narrow(std::string_view encoding, std::string_view utf8,
                                  char32_t limit) {
  std::string out;
  std::string_view rest = utf8;
  while (!rest.empty()) {
    std::size_t offset = utf8.size() - rest.size();
    char32_t character = take_utf8(rest);
    if (character >= limit) {
      return fail(Status::kInvalidContent, "the character at byte " + std::to_string(offset) +
                                               " is not in " + std::string(encoding));
    }
    out.push_back(static_cast<char>(character));
  }
  return out;
}

}  // namespace

std::optional<TextEncoding> find_text_encoding(std::string_view name) {
  std::array<char, kMaxAliasBytes> buffer;
  std::string_view normalized = normalize(name, buffer);
  for (const Alias& alias : kAliases) {
    if (alias.name == normalized) return alias.encoding;
  }
  return std::nullopt;
}

bool needs_byte_order(TextEncoding encoding, std::span<const std::byte> bytes) {
  if (bytes.empty()) return false;
  if (encoding == TextEncoding::kUtf16) {
    return WideStart<2>(bytes, kNativeByteOrder).offset == 0;
  }
  return encoding == TextEncoding::kUtf32 && WideStart<4>(bytes, kNativeByteOrder).offset == 0;
}

Result<std::string_view> decode_text(TextEncoding encoding, ByteOrder sender,
                                     std::span<const std::byte> bytes, std::string& scratch) {
  std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  scratch.clear();
  switch (encoding) {
    case TextEncoding::kUtf8:
      if (!is_valid_utf8(text)) return bad_byte("UTF-8", valid_utf8_bytes(text));
      return text;
    case TextEncoding::kAscii:
      return decode_ascii(text);
    case TextEncoding::kLatin1:
      for (char c : text) append_utf8(scratch, static_cast<unsigned char>(c));
      return scratch;
    case TextEncoding::kUtf16: {
      WideStart<2> start(bytes, sender);
      return decode_utf16(bytes, start.offset, start.order, scratch);
    }
    case TextEncoding::kUtf16Le:
      return decode_utf16(bytes, 0, ByteOrder::kLittle, scratch);
    case TextEncoding::kUtf16Be:
      return decode_utf16(bytes, 0, ByteOrder::kBig, scratch);
    case TextEncoding::kUtf32: {
      WideStart<4> start(bytes, sender);
      return decode_utf32(bytes, start.offset, start.order, scratch);
    }
    case TextEncoding::kUtf32Le:
      return decode_utf32(bytes, 0, ByteOrder::kLittle, scratch);
    case TextEncoding::kUtf32Be:
      return decode_utf32(bytes, 0, ByteOrder::kBig, scratch);
  }
  return fail(Status::kUnsupportedEncoding, "unknown text encoding");
}

Result<std::string> encode_text(TextEncoding encoding, std::string_view utf8) {
  std::string out;
  switch (encoding) {
    case TextEncoding::kUtf8:
      return std::string(utf8);
    case TextEncoding::kAscii:
      return encode_narrow("ASCII", utf8, 0x80);
    case TextEncoding::kLatin1:
      return encode_narrow("Latin-1", utf8, 0x100);
    case TextEncoding::kUtf16:
      append_unit<2>(out, kByteOrderMark, kNativeByteOrder);
      encode_utf16(utf8, kNativeByteOrder, out);
      return out;
    case TextEncoding::kUtf16Le:
      encode_utf16(utf8, ByteOrder::kLittle, out);
      return out;
    case TextEncoding::kUtf16Be:
      encode_utf16(utf8, ByteOrder::kBig, out);
      return out;
    case TextEncoding::kUtf32:
      append_unit<4>(out, kByteOrderMark, kNativeByteOrder);
      encode_utf32(utf8, kNativeByteOrder, out);
      return out;
    case TextEncoding::kUtf32Le:
      encode_utf32(utf8, ByteOrder::kLittle, out);
      return out;
    case TextEncoding::kUtf32Be:
      encode_utf32(utf8, ByteOrder::kBig, out);
      return out;
  }
  return fail(Status::kUnsupportedEncoding, "unknown text encoding");
}

}  // namespace appd::protocol
