#include "appd/protocol/text/text_encoding.h"

#include <doctest/doctest.h>

#include <random>
#include <string>

#include "appd/protocol/text/utf8.h"
#include "tests/protocol/bytes.h"

namespace appd::protocol {
namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;
using testing::as_bytes;

constexpr TextEncoding kAll[] = {
    TextEncoding::kUtf8,    TextEncoding::kUtf16, TextEncoding::kUtf16Le,
    TextEncoding::kUtf16Be, TextEncoding::kUtf32, TextEncoding::kUtf32Le,
    TextEncoding::kUtf32Be, TextEncoding::kAscii, TextEncoding::kLatin1};

std::string decode(TextEncoding encoding, std::string_view bytes,
                   ByteOrder sender = ByteOrder::kLittle) {
  std::string scratch = "left over";
  Result<std::string_view> text = decode_text(encoding, sender, as_bytes(bytes), scratch);
  return text ? std::string(*text) : text.error().message;
}

std::string encode(TextEncoding encoding, std::string_view utf8) {
  Result<std::string> bytes = encode_text(encoding, utf8);
  return bytes ? *bytes : bytes.error().message;
}

TEST_CASE("encodings: Python's names find them") {
  struct Group {
    TextEncoding encoding;
    std::vector<std::string_view> names;
  };
  for (const Group& group : {
           Group{TextEncoding::kUtf8,
                 {"utf-8", "UTF-8", "utf8", "Utf_8", "utf 8", "u8", "utf", "cp65001", "utf8-ucs2",
                  "UTF8_UCS4"}},
           Group{TextEncoding::kUtf16, {"utf-16", "UTF16", "u16", "utf_16"}},
           Group{TextEncoding::kUtf16Le,
                 {"utf-16-le", "UTF-16LE", "utf_16_le", "UnicodeLittleUnmarked"}},
           Group{TextEncoding::kUtf16Be, {"utf-16-be", "UTF-16BE", "UnicodeBigUnmarked"}},
           Group{TextEncoding::kUtf32, {"utf-32", "UTF32", "u32"}},
           Group{TextEncoding::kUtf32Le, {"utf-32-le", "utf-32LE"}},
           Group{TextEncoding::kUtf32Be, {"utf-32-be", "utf 32be"}},
           Group{TextEncoding::kAscii,
                 {"ascii", "US-ASCII", "646", "us", "ANSI_X3.4-1968", "ansi_x3.4_1986", "cp367",
                  "csASCII", "IBM367", "ISO646-US", "ISO_646.irv_1991", "iso-ir-6",
                  "ansi_x3_4_1968"}},
           Group{
               TextEncoding::kLatin1,
               {"latin-1", "latin1", "Latin_1", "latin", "L1", "iso-8859-1", "ISO8859-1", "iso8859",
                "8859", "cp819", "csISOLatin1", "IBM819", "iso-ir-100", "iso_8859_1_1987"}},
       }) {
    for (std::string_view name : group.names) {
      CAPTURE(std::string(name));
      CHECK(find_text_encoding(name) == group.encoding);
    }
  }
}

TEST_CASE("encodings: separators count once, and not at the ends") {
  CHECK(find_text_encoding("utf--8") == TextEncoding::kUtf8);
  CHECK(find_text_encoding("_utf - 8-") == TextEncoding::kUtf8);
}

TEST_CASE("encodings: other names are none of ours") {
  for (std::string_view name :
       {"", "-", "binary", "utf-7", "utf-8-sig", "utf9", "u-8", "utf-1-6", "latin-2", "iso-8859-15",
        "cp1252", "utf-8 x", "hex", "rot13", "unicodelittleunmarkedunmarkedunmarkedunmarked"}) {
    CAPTURE(std::string(name));
    CHECK_FALSE(find_text_encoding(name).has_value());
  }
  CHECK_FALSE(find_text_encoding("utf-8\0"s).has_value());
}

TEST_CASE("encodings: UTF-16 has a mark, or the sender's order") {
  CHECK(decode(TextEncoding::kUtf16,
               "\xff\xfe"
               "a\0"s,
               ByteOrder::kBig) == "a");
  CHECK(decode(TextEncoding::kUtf16, "\xfe\xff\0a"s, ByteOrder::kLittle) == "a");
  CHECK(decode(TextEncoding::kUtf16, "a\0"s, ByteOrder::kLittle) == "a");
  CHECK(decode(TextEncoding::kUtf16, "\0a"s, ByteOrder::kBig) == "a");
  CHECK(decode(TextEncoding::kUtf16, "\xff\xfe\xff\xfe"s) == "\xef\xbb\xbf");
  CHECK(decode(TextEncoding::kUtf16, "\xff\xfe"s).empty());
}

TEST_CASE("encodings: UTF-32 has a mark, or the sender's order") {
  CHECK(decode(TextEncoding::kUtf32, "\xff\xfe\0\0\x36\xf4\1\0"s, ByteOrder::kBig) ==
        "\xf0\x9f\x90\xb6");
  CHECK(decode(TextEncoding::kUtf32, "\0\0\xfe\xff\0\0\0a"s, ByteOrder::kLittle) == "a");
  CHECK(decode(TextEncoding::kUtf32, "a\0\0\0"s, ByteOrder::kLittle) == "a");
  CHECK(decode(TextEncoding::kUtf32, "\0\0\0a"s, ByteOrder::kBig) == "a");
}

TEST_CASE("encodings: where the name gives the order, a mark is a character") {
  CHECK(decode(TextEncoding::kUtf16Le,
               "\xff\xfe"
               "a\0"s,
               ByteOrder::kBig) ==
        "\xef\xbb\xbf"
        "a");
  CHECK(decode(TextEncoding::kUtf16Be, "\xfe\xff\0a"s) ==
        "\xef\xbb\xbf"
        "a");
  CHECK(decode(TextEncoding::kUtf32Le, "\xff\xfe\0\0"s, ByteOrder::kBig) == "\xef\xbb\xbf");
  CHECK(decode(TextEncoding::kUtf8,
               "\xef\xbb\xbf"
               "a") ==
        "\xef\xbb\xbf"
        "a");
}

TEST_CASE("encodings: UTF-16 is strict, and says where it breaks") {
  CHECK(decode(TextEncoding::kUtf16Le, "a\0b"s) == "invalid UTF-16 at byte 2");
  CHECK(decode(TextEncoding::kUtf16Le, "a\0\x3d\xd8"s) == "invalid UTF-16 at byte 2");
  CHECK(decode(TextEncoding::kUtf16Le,
               "\x3d\xd8"
               "a\0"s) == "invalid UTF-16 at byte 0");
  CHECK(decode(TextEncoding::kUtf16Le, "\x3d\xd8\x36"s) == "invalid UTF-16 at byte 0");
  CHECK(decode(TextEncoding::kUtf16Be, "\0a\xdc\x36"s) == "invalid UTF-16 at byte 2");
  CHECK(decode(TextEncoding::kUtf16, "\xff\xfe\x36\xdc"s) == "invalid UTF-16 at byte 2");
  CHECK(decode(TextEncoding::kUtf16, "\xff"s) == "invalid UTF-16 at byte 0");
}

TEST_CASE("encodings: UTF-32 is strict, and says where it breaks") {
  CHECK(decode(TextEncoding::kUtf32Le, "a\0\0\0b\0\0"s) == "invalid UTF-32 at byte 4");
  CHECK(decode(TextEncoding::kUtf32Be, "\0\0\xd8\0"s) == "invalid UTF-32 at byte 0");
  CHECK(decode(TextEncoding::kUtf32Be, "\0\0\xdf\xff"s) == "invalid UTF-32 at byte 0");
  CHECK(decode(TextEncoding::kUtf32Be, "\0\0\0a\0\x11\0\0"s) == "invalid UTF-32 at byte 4");
  CHECK(decode(TextEncoding::kUtf32Be, "\xff\xff\xff\xff"s) == "invalid UTF-32 at byte 0");
  CHECK(decode(TextEncoding::kUtf32Be, "\0\x10\xff\xff"s) == "\xf4\x8f\xbf\xbf");
}

TEST_CASE("encodings: UTF-8 and ASCII are strict, and views of the bytes") {
  CHECK(decode(TextEncoding::kUtf8, "ab\xed\xa0\x80") == "invalid UTF-8 at byte 2");
  CHECK(decode(TextEncoding::kAscii, "caf\xc3\xa9") == "invalid ASCII at byte 3");
  std::string bytes = "plain";
  std::string scratch;
  for (TextEncoding encoding : {TextEncoding::kUtf8, TextEncoding::kAscii}) {
    auto text = decode_text(encoding, ByteOrder::kBig, as_bytes(bytes), scratch);
    REQUIRE(text.has_value());
    CHECK(text->data() == bytes.data());
  }
}

TEST_CASE("encodings: errors of content carry their status") {
  std::string scratch;
  auto text = decode_text(TextEncoding::kAscii, ByteOrder::kBig, as_bytes("\xff"), scratch);
  CHECK(status_of(text.error()) == Status::kInvalidContent);
  CHECK(status_of(encode_text(TextEncoding::kAscii, "\xc3\xa9").error()) ==
        Status::kInvalidContent);
}

TEST_CASE("encodings: Latin-1 has every byte") {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes.push_back(static_cast<char>(i));
  std::string text = decode(TextEncoding::kLatin1, bytes);
  CHECK(is_valid_utf8(text));
  CHECK(text.size() == 128 + 2 * 128);
  CHECK(encode(TextEncoding::kLatin1, text) == bytes);
}

TEST_CASE("encodings: non-characters are characters") {
  std::string text = "\xef\xbf\xbe\xef\xbf\xbf\xef\xb7\x90";  // U+FFFE U+FFFF U+FDD0
  for (TextEncoding encoding : {TextEncoding::kUtf16, TextEncoding::kUtf32, TextEncoding::kUtf8}) {
    CHECK(decode(encoding, encode(encoding, text)) == text);
  }
}

TEST_CASE("encodings: whatever is no letter, digit or point separates the parts of a name") {
  for (std::string_view name :
       {"utf//8", "-utf-8-", " utf-8", "utf+8", "utf\n8", "UTF - 8", "utf-\xc3\xa9-8"}) {
    CAPTURE(std::string(name));
    CHECK(find_text_encoding(name) == TextEncoding::kUtf8);
  }
  CHECK(find_text_encoding("utf 16 le") == TextEncoding::kUtf16Le);
  for (std::string_view name : {"utf.8"sv, "u t f 8"sv, "latin.1"sv, ""sv, "-"sv, "utf-8\0"sv}) {
    CAPTURE(std::string(name));
    CHECK_FALSE(find_text_encoding(name).has_value());
  }
}

TEST_CASE("encodings: only wide text without a mark needs to be told its order") {
  CHECK(needs_byte_order(TextEncoding::kUtf16, as_bytes("a\0"sv)));
  CHECK(needs_byte_order(TextEncoding::kUtf16, as_bytes("\xff"sv)));
  CHECK(needs_byte_order(TextEncoding::kUtf32, as_bytes("\xff\xfe"sv)));
  CHECK_FALSE(needs_byte_order(TextEncoding::kUtf16, as_bytes("\xff\xfe"sv)));
  CHECK_FALSE(needs_byte_order(TextEncoding::kUtf16, as_bytes("\xfe\xff\0a"sv)));
  CHECK_FALSE(needs_byte_order(TextEncoding::kUtf32, as_bytes("\0\0\xfe\xff"sv)));
  for (TextEncoding encoding : kAll) CHECK_FALSE(needs_byte_order(encoding, {}));
  for (TextEncoding encoding :
       {TextEncoding::kUtf8, TextEncoding::kUtf16Le, TextEncoding::kUtf16Be, TextEncoding::kUtf32Le,
        TextEncoding::kUtf32Be, TextEncoding::kAscii, TextEncoding::kLatin1}) {
    CHECK_FALSE(needs_byte_order(encoding, as_bytes("a\0\0\0"sv)));
  }
}

TEST_CASE("encodings: the encoder writes what Python's does") {
  std::string text = "a\xc3\xa9\xf0\x9f\x90\xb6";
  CHECK(encode(TextEncoding::kUtf16Le, text) == "a\0\xe9\0\x3d\xd8\x36\xdc"s);
  CHECK(encode(TextEncoding::kUtf16Be, text) == "\0a\0\xe9\xd8\x3d\xdc\x36"s);
  CHECK(encode(TextEncoding::kUtf32Le, text) == "a\0\0\0\xe9\0\0\0\x36\xf4\1\0"s);
  CHECK(encode(TextEncoding::kUtf32Be, text) == "\0\0\0a\0\0\0\xe9\0\1\xf4\x36"s);
  bool little = kNativeByteOrder == ByteOrder::kLittle;
  CHECK(encode(TextEncoding::kUtf16, "a") == (little ? "\xff\xfe"
                                                       "a\0"s
                                                     : "\xfe\xff\0a"s));
  CHECK(encode(TextEncoding::kUtf32, "") == (little ? "\xff\xfe\0\0"s : "\0\0\xfe\xff"s));
  CHECK(encode(TextEncoding::kLatin1, "caf\xc3\xa9") == "caf\xe9");
}

TEST_CASE("encodings: a character that is lacking is told by its place") {
  CHECK(encode(TextEncoding::kAscii, "caf\xc3\xa9") == "the character at byte 3 is not in ASCII");
  CHECK(encode(TextEncoding::kLatin1, "\xc3\xa9\xe2\x82\xac") ==
        "the character at byte 2 is not in Latin-1");
}

TEST_CASE("encodings: nothing is nothing in all of them") {
  for (TextEncoding encoding : kAll) CHECK(decode(encoding, "").empty());
}

TEST_CASE("encodings: random texts come back through every Unicode encoding") {
  for (unsigned seed = 0; seed < 500; ++seed) {
    CAPTURE(seed);
    std::mt19937 random(seed);
    std::string text = testing::random_text(random, 40);
    for (TextEncoding encoding : kAll) {
      if (encoding == TextEncoding::kAscii || encoding == TextEncoding::kLatin1) continue;
      CHECK(decode(encoding, encode(encoding, text), kNativeByteOrder) == text);
    }
  }
}

TEST_CASE("encodings: random bytes decode to valid UTF-8 or not at all") {
  for (unsigned seed = 0; seed < 3000; ++seed) {
    CAPTURE(seed);
    std::mt19937 random(seed);
    std::string bytes;
    for (auto i = random() % 24; i > 0; --i) {
      // Zeros and surrogates often, so that not all is refused at once.
      constexpr char kFrequent[] = {'\0', '\0', '\0', '\x01', '\xd8', '\xdc', 'a'};
      bytes.push_back(random() % 3 == 0 ? static_cast<char>(random())
                                        : kFrequent[random() % std::size(kFrequent)]);
    }
    for (TextEncoding encoding : kAll) {
      std::string scratch;
      auto text = decode_text(encoding, ByteOrder::kBig, as_bytes(bytes), scratch);
      if (text) CHECK(is_valid_utf8(*text));
    }
  }
}

}  // namespace
}  // namespace appd::protocol
