// Frames: what is complete is complete with any bytes behind it, and the bytes asked for are
// exactly those that make it so. Delimiters: the parts, put together again, are the stream, and
// what was searched before need not be searched again. Input: the stream.
#include "appd/protocol/byte_order.h"
#include "appd/protocol/frame_decoder.h"
#include "appd/reactor/check.h"
#include "tests/fuzz/support/fuzz_input.h"

namespace {

using namespace appd::fuzz;
using namespace appd::protocol;

// The first frame in prefixes of `stream`: `bytes` long when it is complete.
void check_prefixes(std::string_view stream, std::size_t bytes) {
  for (std::size_t length = 0; length <= std::min<std::size_t>(stream.size(), 64); ++length) {
    const ExactCopy prefix(stream.substr(0, length));
    const Frame frame = decode_frame(prefix.bytes());
    APPD_CHECK(frame.complete == (length >= bytes), length, bytes);
    const std::size_t expected = length < kFramePrefixBytes ? kFramePrefixBytes : bytes;
    APPD_CHECK(frame.bytes == expected, frame.bytes, expected);
  }
}

// `stream` in parts, each looked for in a growing piece of what is left.
void check_delimited(std::string_view stream, std::string_view delimiter, std::size_t most) {
  while (true) {
    const std::size_t end = stream.find(delimiter);
    std::size_t searched = 0;
    for (std::size_t length = 0; length <= std::min<std::size_t>(stream.size(), 64); ++length) {
      const ExactCopy piece(stream.substr(0, length));
      const Frame frame = decode_delimited(piece.bytes(), delimiter, most, searched);
      const bool there = end != std::string_view::npos && end + delimiter.size() <= length;
      APPD_CHECK(frame.complete == (there && end <= most), length, end);
      APPD_CHECK(!frame.too_long || end == std::string_view::npos || end > most, length, end);
      if (frame.complete) APPD_CHECK(frame.payload.size() == end, end);
      if (frame.complete || frame.too_long) break;
      searched = length - std::min(length, delimiter.size() - 1);
    }
    if (end == std::string_view::npos) return;
    stream.remove_prefix(end + delimiter.size());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ExactCopy copy(FuzzInput(data, size).rest());
  const std::string_view text(reinterpret_cast<const char*>(copy.bytes().data()),
                              copy.bytes().size());
  check_delimited(text.substr(0, 512), "\n", 16);
  check_delimited(text.substr(0, 512), "\r\n", 8);
  std::span<const std::byte> rest = copy.bytes();
  for (int frames = 0; rest.size() >= kFramePrefixBytes; ++frames) {
    const std::size_t bytes = kFramePrefixBytes + load_be16(rest);
    if (frames < 4)
      check_prefixes({reinterpret_cast<const char*>(rest.data()), rest.size()}, bytes);
    const Frame frame = decode_frame(rest);
    APPD_CHECK(frame.bytes == bytes && frame.complete == (rest.size() >= bytes));
    if (!frame.complete) return 0;
    APPD_CHECK(frame.payload.data() == rest.data() + kFramePrefixBytes);
    APPD_CHECK(frame.payload.size() == bytes - kFramePrefixBytes);
    rest = rest.subspan(bytes);
  }
  const Frame frame = decode_frame(rest);
  APPD_CHECK(!frame.complete && frame.bytes == kFramePrefixBytes);
  return 0;
}
