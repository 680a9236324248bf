// Byte orders: of this machine, of a peer, and the network's.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace appd::protocol {

enum class ByteOrder : std::uint8_t { kLittle, kBig };

inline constexpr ByteOrder kNativeByteOrder =
    std::endian::native == std::endian::little ? ByteOrder::kLittle : ByteOrder::kBig;

// "little" or "big", as in the header field "byteorder".
constexpr std::string_view byte_order_name(ByteOrder order) {
  return order == ByteOrder::kLittle ? "little" : "big";
}

// Network order. `from` / `to` have at least 2 or 4 bytes.
inline std::uint16_t load_be16(std::span<const std::byte> from) {
  return static_cast<std::uint16_t>((std::to_integer<unsigned>(from[0]) << 8) |
                                    std::to_integer<unsigned>(from[1]));
}
inline std::uint32_t load_be32(std::span<const std::byte> from) {
  return (static_cast<std::uint32_t>(load_be16(from)) << 16) | load_be16(from.subspan(2));
}
inline void store_be16(std::span<std::byte> to, std::uint16_t value) {
  to[0] = static_cast<std::byte>(value >> 8);
  to[1] = static_cast<std::byte>(value & 0xff);
}
inline void store_be32(std::span<std::byte> to, std::uint32_t value) {
  store_be16(to, static_cast<std::uint16_t>(value >> 16));
  store_be16(to.subspan(2), static_cast<std::uint16_t>(value & 0xffff));
}

}  // namespace appd::protocol
