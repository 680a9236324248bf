#include "appd/protocol/frame_decoder.h"

#include "appd/protocol/byte_order.h"

namespace appd::protocol {

Frame decode_frame(std::span<const std::byte> input) {
  Frame frame;
  frame.bytes = kFramePrefixBytes;
  if (input.size() < kFramePrefixBytes) return frame;
  std::size_t payload_bytes = load_be16(input);
  frame.bytes += payload_bytes;
  if (input.size() < frame.bytes) return frame;
  frame.complete = true;
  frame.payload = input.subspan(kFramePrefixBytes, payload_bytes);
  return frame;
}

}  // namespace appd::protocol
