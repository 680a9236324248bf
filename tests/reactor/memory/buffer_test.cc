#include "appd/reactor/memory/buffer.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <utility>

namespace appd::reactor {
namespace {

std::span<const std::byte> bytes(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

std::string text(const Buffer& buffer) {
  const auto content = buffer.bytes();
  return {reinterpret_cast<const char*>(content.data()), content.size()};
}

TEST_CASE("buffer: a new one is empty and holds no memory") {
  const Buffer buffer;
  CHECK(buffer.empty());
  CHECK(buffer.size() == 0);
  CHECK(buffer.capacity() == 0);
  CHECK(buffer.bytes().empty());
}

TEST_CASE("buffer: bytes come out in the order they went in") {
  Buffer buffer;
  buffer.append(bytes("one "));
  buffer.append(bytes("two "));
  buffer.consume(4);
  buffer.append(bytes("three"));
  CHECK(text(buffer) == "two three");
}

TEST_CASE("buffer: appending nothing changes nothing") {
  Buffer buffer;
  buffer.append({});
  CHECK(buffer.capacity() == 0);
  buffer.append(bytes("x"));
  buffer.append({});
  CHECK(text(buffer) == "x");
}

TEST_CASE("buffer: consuming the last byte gives the memory back") {
  Buffer buffer;
  buffer.append(bytes("abc"));
  buffer.consume(2);
  CHECK(buffer.capacity() > 0);
  buffer.consume(1);
  CHECK(buffer.capacity() == 0);
}

TEST_CASE("buffer: clear keeps the memory, release gives it back") {
  Buffer buffer;
  buffer.append(bytes("abc"));
  const std::size_t held = buffer.capacity();
  buffer.clear();
  CHECK(buffer.empty());
  CHECK(buffer.capacity() == held);
  buffer.release();
  CHECK(buffer.capacity() == 0);
}

TEST_CASE("buffer: reserve grows to exactly what is asked") {
  Buffer buffer;
  CHECK(buffer.reserve(1000).size() == 1000);
  CHECK(buffer.capacity() == 1000);
  buffer.append(bytes("abc"));
  CHECK(buffer.reserve(2000).size() == 2000);
  CHECK(buffer.capacity() == 2003);
  CHECK(text(buffer) == "abc");
}

TEST_CASE("buffer: reserve uses the room of consumed bytes before it grows") {
  Buffer buffer;
  buffer.append(bytes("0123456789"));
  buffer.consume(6);
  const std::size_t held = buffer.capacity();
  CHECK(buffer.reserve(held - 4).size() >= held - 4);
  CHECK(buffer.capacity() == held);
  CHECK(text(buffer) == "6789");
}

TEST_CASE("buffer: what is written into a reserve counts from its commit") {
  Buffer buffer;
  buffer.append(bytes("ab"));
  const auto room = buffer.reserve(8);
  std::ranges::copy(bytes("cd"), room.begin());
  CHECK(text(buffer) == "ab");
  buffer.commit(2);
  CHECK(text(buffer) == "abcd");
}

TEST_CASE("buffer: a reserve that cannot be had throws and leaves the content") {
  Buffer buffer;
  buffer.append(bytes("abc"));
  CHECK_THROWS_AS((void)buffer.reserve(SIZE_MAX), std::bad_alloc);
  CHECK(text(buffer) == "abc");
}

TEST_CASE("buffer: a move takes the content and leaves an empty one") {
  Buffer source;
  source.append(bytes("abc"));
  Buffer constructed(std::move(source));
  CHECK(text(constructed) == "abc");
  CHECK(source.capacity() == 0);
  Buffer assigned;
  assigned.append(bytes("old"));
  assigned = std::move(constructed);
  CHECK(text(assigned) == "abc");
  CHECK(constructed.empty());
}

TEST_CASE("buffer: a move to itself changes nothing") {
  Buffer buffer;
  buffer.append(bytes("abc"));
  Buffer& same = buffer;
  buffer = std::move(same);
  CHECK(text(buffer) == "abc");
}

TEST_CASE("buffer: a long run of appends grows by doubling") {
  Buffer buffer;
  std::size_t growths = 0;
  for (int i = 0; i < 100'000; ++i) {
    const std::size_t before = buffer.capacity();
    buffer.append(bytes("x"));
    growths += buffer.capacity() != before ? 1 : 0;
  }
  CHECK(growths < 40);
}

TEST_CASE("buffer: any mix of calls is a queue of bytes") {
  for (std::uint32_t seed = 0; seed < 50; ++seed) {
    CAPTURE(seed);
    std::mt19937 random(seed);
    Buffer buffer;
    std::string model;
    for (int step = 0; step < 500; ++step) {
      const std::size_t size = random() % 64;
      switch (random() % 4) {
        case 0:
        case 1: {
          const std::string piece(size, static_cast<char>('a' + step % 26));
          buffer.append(bytes(piece));
          model += piece;
          break;
        }
        case 2: {
          const std::size_t count = std::min(size, model.size());
          buffer.consume(count);
          model.erase(0, count);
          break;
        }
        default: {
          const auto room = buffer.reserve(size);
          REQUIRE(room.size() >= size);
          std::fill_n(room.begin(), size, std::byte{'!'});
          buffer.commit(size);
          model.append(size, '!');
        }
      }
      REQUIRE(text(buffer) == model);
    }
  }
}

}  // namespace
}  // namespace appd::reactor
