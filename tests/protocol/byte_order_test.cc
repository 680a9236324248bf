#include "appd/protocol/byte_order.h"

#include <doctest/doctest.h>

#include <array>
#include <cstring>

namespace appd::protocol {
namespace {

TEST_CASE("byte order: network order puts the high byte first") {
  std::array<std::byte, 4> bytes{};
  store_be16(bytes, 0x0102);
  CHECK(bytes[0] == std::byte{1});
  CHECK(bytes[1] == std::byte{2});
  store_be32(bytes, 0x01020304);
  CHECK(bytes == std::array{std::byte{1}, std::byte{2}, std::byte{3}, std::byte{4}});
}

TEST_CASE("byte order: loading gives back what was stored") {
  std::array<std::byte, 4> bytes{};
  for (std::uint32_t value : {0u, 1u, 0x80u, 0xff00u, 0x80000000u, 0xffffffffu, 0xdeadbeefu}) {
    store_be32(bytes, value);
    CHECK(load_be32(bytes) == value);
    store_be16(bytes, static_cast<std::uint16_t>(value));
    CHECK(load_be16(bytes) == static_cast<std::uint16_t>(value));
  }
}

TEST_CASE("byte order: the native one is this machine's") {
  std::uint16_t one = 1;
  std::byte first{};
  std::memcpy(&first, &one, 1);
  CHECK((kNativeByteOrder == ByteOrder::kLittle) == (first == std::byte{1}));
  CHECK(byte_order_name(ByteOrder::kLittle) == "little");
  CHECK(byte_order_name(ByteOrder::kBig) == "big");
}

}  // namespace
}  // namespace appd::protocol
