#include "appd/protocol/frame_decoder.h"

#include <doctest/doctest.h>

#include <string>

#include "bytes.h"

namespace appd::protocol {
namespace {

using testing::as_bytes;
using testing::as_text;

TEST_CASE("frames: the length is asked for first, then the payload") {
  std::string frame = testing::message("hello");
  for (std::size_t size = 0; size < frame.size(); ++size) {
    CAPTURE(size);
    Frame partial = decode_frame(as_bytes(frame).first(size));
    CHECK_FALSE(partial.complete);
    CHECK(partial.bytes == (size < 2 ? 2 : 7));
    CHECK(partial.payload.empty());
  }
}

TEST_CASE("frames: a complete one is told from what follows it") {
  std::string input = testing::message("hello") + testing::message("x");
  Frame frame = decode_frame(as_bytes(input));
  CHECK(frame.complete);
  CHECK(frame.bytes == 7);
  CHECK(as_text(frame.payload) == "hello");
}

TEST_CASE("frames: an empty payload is a frame") {
  Frame frame = decode_frame(as_bytes(std::string_view("\0\0", 2)));
  CHECK(frame.complete);
  CHECK(frame.bytes == 2);
  CHECK(frame.payload.empty());
}

TEST_CASE("frames: the longest payload is 65,535 bytes") {
  std::string input = testing::message(std::string(kMaxFramePayloadBytes, 'x'));
  CHECK_FALSE(decode_frame(as_bytes(input).first(input.size() - 1)).complete);
  Frame frame = decode_frame(as_bytes(input));
  CHECK(frame.complete);
  CHECK(frame.payload.size() == kMaxFramePayloadBytes);
}

TEST_CASE("frames: a prefix has 1 to 8 bytes, in either order") {
  const std::string big("\0\0\0\3abcd", 8);
  const Frame frame = decode_frame(as_bytes(big), {.bytes = 4});
  CHECK(frame.complete);
  CHECK(frame.bytes == 7);
  CHECK(as_text(frame.payload) == "abc");
  const std::string little("\3\0\0abcd", 7);
  const LengthPrefix three{.bytes = 3, .order = ByteOrder::kLittle};
  CHECK(as_text(decode_frame(as_bytes(little), three).payload) == "abc");
  CHECK(decode_frame(as_bytes(little).first(2), three).bytes == 3);
  CHECK(decode_frame(as_bytes(little).first(4), three).bytes == 6);
  CHECK(as_text(decode_frame(as_bytes(std::string_view("\2abc")), {.bytes = 1}).payload) == "ab");
}

TEST_CASE("frames: a payload beyond the most is told at its prefix") {
  const LengthPrefix prefix{.bytes = 2, .most = 5};
  CHECK(decode_frame(as_bytes(testing::message("hello")), prefix).complete);
  const Frame frame = decode_frame(as_bytes(std::string_view("\0\6", 2)), prefix);
  CHECK(frame.too_long);
  CHECK_FALSE(frame.complete);
  const LengthPrefix any{.bytes = 8, .most = UINT64_MAX};
  CHECK(decode_frame(as_bytes(std::string(8, '\xff')), any).too_long);
  CHECK_FALSE(
      decode_frame(as_bytes(std::string("\0\xff\xff\xff\xff\xff\xff\xff", 8)), any).too_long);
}

TEST_CASE("delimiter: what comes before the first one, without it") {
  const Frame frame = decode_delimited(as_bytes(std::string_view("ab\r\n\r\nc")), "\r\n", 10);
  CHECK(frame.complete);
  CHECK(frame.bytes == 4);
  CHECK(as_text(frame.payload) == "ab");
  const Frame empty = decode_delimited(as_bytes(std::string_view("\r\nc")), "\r\n", 10);
  CHECK(empty.complete);
  CHECK(empty.payload.empty());
}

TEST_CASE("delimiter: without one, one more byte is asked for, until there are too many") {
  const std::string_view text = "abcdef\r";
  for (std::size_t size = 0; size <= text.size(); ++size) {
    CAPTURE(size);
    const Frame frame = decode_delimited(as_bytes(text.substr(0, size)), "\r\n", 6);
    CHECK_FALSE(frame.complete);
    CHECK_FALSE(frame.too_long);
    CHECK(frame.bytes == size + 1);
  }
  CHECK(decode_delimited(as_bytes(std::string_view("abcdef\r\n")), "\r\n", 6).complete);
  CHECK(decode_delimited(as_bytes(std::string_view("abcdef\rg")), "\r\n", 6).too_long);
  CHECK(decode_delimited(as_bytes(std::string_view("abcdefg\r\n")), "\r\n", 6).too_long);
}

TEST_CASE("delimiter: what was searched before is not looked at again") {
  const auto input = as_bytes(std::string_view("a\nb\n"));
  CHECK(decode_delimited(input, "\n", 10, 2).bytes == 4);
}

}  // namespace
}  // namespace appd::protocol
