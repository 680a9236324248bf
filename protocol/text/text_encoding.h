// The text encodings a content may have, under Python's names for them, to and from UTF-8.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "appd/protocol/byte_order.h"
#include "appd/protocol/status.h"

namespace appd::protocol {

enum class TextEncoding : std::uint8_t {
  kUtf8,
  kUtf16,  // byte order mark, or else the sender's order
  kUtf16Le,
  kUtf16Be,
  kUtf32,  // likewise
  kUtf32Le,
  kUtf32Be,
  kAscii,
  kLatin1,
};

// By any of Python's names ("utf-8", "UTF8", "utf_16_le", "iso-8859-1", "latin", "us-ascii" ...),
// as Python reads them: case does not count, and whatever is no letter, digit or '.' separates
// parts
// ("utf-8", "UTF_8", "Utf 8", "utf//8"). nullopt: not one of ours.
[[nodiscard]] std::optional<TextEncoding> find_text_encoding(std::string_view name);

// Whether `bytes` are text whose byte order only the sender can tell: UTF-16 or UTF-32 without a
// byte order mark. Nothing has no order.
[[nodiscard]] bool needs_byte_order(TextEncoding encoding, std::span<const std::byte> bytes);

// Decodes strictly. For UTF-8 and ASCII the result is a view of `bytes`, else of `scratch`, which
// is overwritten. `sender` decides for UTF-16 and UTF-32 without a byte order mark; a mark is not
// part of the text, except for the encodings whose name gives the order (as in Python). Errors:
// invalid_content, with the offset of the first bad byte.
[[nodiscard]] Result<std::string_view> decode_text(TextEncoding encoding, ByteOrder sender,
                                                   std::span<const std::byte> bytes,
                                                   std::string& scratch);

// `utf8` must be valid. UTF-16 and UTF-32 get a byte order mark and this machine's order, as
// Python's encoder does. Errors: invalid_content for a character that ASCII or Latin-1 lacks.
[[nodiscard]] Result<std::string> encode_text(TextEncoding encoding, std::string_view utf8);

}  // namespace appd::protocol
