// Where messages end in a stream of bytes: by a length before each (docs/protocol.md 2.3 has 2
// bytes of it), or by a delimiter after each. For sessions that take what is complete from the
// front of what has arrived.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "appd/protocol/byte_order.h"

namespace appd::protocol {

inline constexpr std::size_t kFramePrefixBytes = 2;
inline constexpr std::size_t kMaxFramePayloadBytes = 65535;

// How a length stands before its payload.
struct LengthPrefix {
  std::size_t bytes = kFramePrefixBytes;  // 1 to 8
  ByteOrder order = ByteOrder::kBig;
  std::uint64_t most = kMaxFramePayloadBytes;  // of a payload's bytes
};

struct Frame {
  bool complete = false;
  // It is, or becomes, longer than allowed: nothing after it can be understood.
  bool too_long = false;
  // Complete: of the frame with its prefix or delimiter. Else: how many bytes from the front of the
  // input are needed to go on, at least.
  std::size_t bytes = 0;
  std::span<const std::byte> payload = {};  // when complete: a view into the input
};

// The first frame of `input`. Stateless.
[[nodiscard]] Frame decode_frame(std::span<const std::byte> input, const LengthPrefix& prefix = {});

// What `input` has before its first `delimiter`, which is not empty; a payload has at most so many
// bytes. `searched`: so many bytes from the front are known to have no delimiter that begins there.
[[nodiscard]] Frame decode_delimited(std::span<const std::byte> input, std::string_view delimiter,
                                     std::size_t most, std::size_t searched = 0);

}  // namespace appd::protocol
