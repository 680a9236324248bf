// Content in any text encoding: what is decoded is valid UTF-8 and encodes back to the same bytes.
// Input: one byte that chooses encoding and byte order, then the content; it is also looked up as
// an encoding's name, and read as UTF-8.
#include <array>
#include <string>

#include "appd/protocol/text/text_encoding.h"
#include "appd/protocol/text/utf8.h"
#include "appd/reactor/check.h"
#include "tests/fuzz/support/fuzz_input.h"

namespace {

using namespace appd::fuzz;
using namespace appd::protocol;

std::string_view as_text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

constexpr std::array kEncodings = {
    TextEncoding::kUtf8,    TextEncoding::kUtf16, TextEncoding::kUtf16Le,
    TextEncoding::kUtf16Be, TextEncoding::kUtf32, TextEncoding::kUtf32Le,
    TextEncoding::kUtf32Be, TextEncoding::kAscii, TextEncoding::kLatin1};

// The byte order is a mark's or the sender's, so the bytes may differ, but not the text.
bool order_is_free(TextEncoding encoding) {
  return encoding == TextEncoding::kUtf16 || encoding == TextEncoding::kUtf32;
}

void check_decoding(TextEncoding encoding, ByteOrder sender, std::span<const std::byte> bytes) {
  std::string scratch;
  const auto text = decode_text(encoding, sender, bytes, scratch);
  if (!text) {
    APPD_CHECK(status_of(text.error()) == Status::kInvalidContent);
    APPD_CHECK(is_valid_utf8(text.error().message), text.error().message);
    return;
  }
  APPD_CHECK(valid_utf8_bytes(*text) == text->size());
  const auto encoded = encode_text(encoding, *text);
  APPD_CHECK(encoded, encoded.error().message);
  if (!order_is_free(encoding)) {
    APPD_CHECK(*encoded == as_text(bytes));
    return;
  }
  std::string second_scratch;
  const auto again = decode_text(encoding, kNativeByteOrder, as_bytes(*encoded), second_scratch);
  APPD_CHECK(again && *again == *text);
}

// Character by character and back, and cut at each length.
void check_utf8(std::string_view bytes) {
  const std::size_t valid_bytes = valid_utf8_bytes(bytes);
  APPD_CHECK(valid_bytes <= bytes.size());
  APPD_CHECK(is_valid_utf8(bytes) == (valid_bytes == bytes.size()));
  const std::string_view text = bytes.substr(0, valid_bytes);
  APPD_CHECK(is_valid_utf8(text));
  std::string again;
  for (std::string_view rest = text; !rest.empty();) {
    const char32_t character = take_utf8(rest);
    APPD_CHECK(character <= 0x10ffff && (character < 0xd800 || character > 0xdfff));
    append_utf8(again, character);
  }
  APPD_CHECK(again == text);
  for (std::size_t length = 0; length <= std::min<std::size_t>(text.size(), 40); ++length) {
    const std::string_view prefix = utf8_prefix(text, length);
    APPD_CHECK(prefix.size() <= length && length - prefix.size() < 4);
    APPD_CHECK(text.starts_with(prefix) && is_valid_utf8(prefix));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzInput input(data, size);
  const std::size_t choice = input.take_byte();
  const ExactCopy content(input.rest());
  const ByteOrder sender = (choice & 0x80) == 0 ? ByteOrder::kLittle : ByteOrder::kBig;
  check_decoding(kEncodings[(choice & 0x7f) % kEncodings.size()], sender, content.bytes());
  if (const auto named = find_text_encoding(content.text())) {
    check_decoding(*named, sender, content.bytes());
  }
  check_utf8(content.text());
  return 0;
}
