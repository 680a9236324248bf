// Why a connection does not read. It reads exactly while this set is empty.
#pragma once

#include <cstdint>
#include <string>

namespace appd::reactor {

enum class ReadStop : std::uint8_t {
  kNotStarted = 1 << 0,     // neither start() nor send() was called yet
  kPaused = 1 << 1,         // the delegate paused, and has not resumed
  kHighWatermark = 1 << 2,  // unsent bytes went above it, and not yet down to a quarter of it
  kBudget = 1 << 3,         // the budget of all connections is used up; until the next look at it
  kEndRead = 1 << 4,        // the peer's end was read: nothing more can come
  kGlancing = 1 << 5,       // our end is sent, and the first look for the peer's is still to come
  kClosed = 1 << 6,         // nothing moves any more
};

class ReadStops {
 public:
  constexpr ReadStops() = default;
  constexpr ReadStops(ReadStop one) : bits_(static_cast<std::uint8_t>(one)) {}

  [[nodiscard]] constexpr bool none() const { return bits_ == 0; }
  [[nodiscard]] constexpr bool has(ReadStop one) const { return has_any(one); }
  [[nodiscard]] constexpr bool has_any(ReadStops of) const { return (bits_ & of.bits_) != 0; }
  constexpr void add(ReadStop one) { bits_ |= static_cast<std::uint8_t>(one); }
  constexpr void remove(ReadStop one) { bits_ &= static_cast<std::uint8_t>(~ReadStops(one).bits_); }
  constexpr void keep_only(ReadStop one) { bits_ &= static_cast<std::uint8_t>(one); }

  constexpr bool operator==(const ReadStops&) const = default;
  friend constexpr ReadStops operator|(ReadStops a, ReadStops b) {
    a.bits_ |= b.bits_;
    return a;
  }
  // "reads" or the reasons, as in "paused, budget".
  [[nodiscard]] std::string to_string() const;

 private:
  std::uint8_t bits_ = 0;
};

constexpr ReadStops operator|(ReadStop a, ReadStop b) { return ReadStops(a) | ReadStops(b); }

}  // namespace appd::reactor
