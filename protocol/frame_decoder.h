// Length-prefixed frames (docs/protocol.md 2.3): 2 bytes of length in network order, then as many.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace appd::protocol {

inline constexpr std::size_t kFramePrefixBytes = 2;
inline constexpr std::size_t kMaxFramePayloadBytes = 65535;

struct Frame {
  bool complete = false;
  // Complete: the frame with its prefix. Else: how many bytes from the front of the input are
  // needed.
  std::size_t bytes = 0;
  std::span<const std::byte> payload;  // when complete: a view into the input
};

// The first frame of `input`. Stateless; any input is a beginning of some frame, so there is no
// error.
[[nodiscard]] Frame decode_frame(std::span<const std::byte> input);

}  // namespace appd::protocol
