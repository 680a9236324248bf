// Frames: what is complete is complete with any bytes behind it, and the bytes asked for are
// exactly those that make it so. Input: the stream.
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

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ExactCopy copy(FuzzInput(data, size).rest());
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
