// What the fuzzers share: taking an input apart, and handing bytes on so that a read behind their
// end is seen.
//
// An input is a few bytes that choose, and then the bytes that the code under test gets: so the
// seeds are real messages with a few bytes before them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace appd::fuzz {

class FuzzInput {
 public:
  FuzzInput(const std::uint8_t* data, std::size_t size)
      : rest_(reinterpret_cast<const char*>(data), size) {}

  // 0 where the input has ended.
  std::uint8_t take_byte() {
    if (rest_.empty()) return 0;
    const auto byte = static_cast<std::uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return byte;
  }
  // From 0 to `limit` - 1.
  std::size_t take_below(std::size_t limit) { return take_byte() % limit; }
  // All that is left.
  [[nodiscard]] std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
};

inline std::span<const std::byte> as_bytes(std::string_view text) {
  return std::as_bytes(std::span(text));
}

// Bytes in memory of exactly their size, where AddressSanitizer sees each read beyond.
class ExactCopy {
 public:
  explicit ExactCopy(std::string_view text) : data_(text.begin(), text.end()) {}

  // Never a null pointer: others' parsers copy from it even where there is nothing to copy.
  [[nodiscard]] std::string_view text() const {
    return data_.empty() ? std::string_view("") : std::string_view(data_.data(), data_.size());
  }
  [[nodiscard]] std::span<const std::byte> bytes() const { return as_bytes(text()); }

 private:
  std::vector<char> data_;
};

// Sizes of pieces that follow from a seed alone: a stream cut in a way of its own for each.
// Seed 0: one piece. Seed 1: single bytes.
class Pieces {
 public:
  explicit Pieces(std::uint32_t seed) : seed_(seed), state_(seed * 2654435761U + 1) {}

  // The next piece, removed from the front of `rest`; not empty unless `rest` is.
  std::string_view take(std::string_view& rest) {
    const std::size_t length = std::min(rest.size(), next_length());
    const std::string_view piece = rest.substr(0, length);
    rest.remove_prefix(length);
    return piece;
  }

 private:
  std::size_t next_length() {
    if (seed_ == 0) return static_cast<std::size_t>(-1);
    if (seed_ == 1) return 1;
    state_ = state_ * 1664525U + 1013904223U;
    const std::uint32_t random = state_ >> 16;
    return 1 + random % ((random & 0x100) != 0 ? 300 : 7);  // mostly short, some long ones
  }

  std::uint32_t seed_;
  std::uint32_t state_;
};

}  // namespace appd::fuzz
