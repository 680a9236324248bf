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

}  // namespace
}  // namespace appd::protocol
