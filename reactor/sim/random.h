// The chance of a simulated world: every decision comes from one seed, by arithmetic of our own, so
// that each compiler and each standard library draws the same numbers.
#pragma once

#include <cstdint>

namespace appd::reactor::sim {

// A chance in a million; a named number of Faults.
using PerMillion = std::uint32_t;

// SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014).
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  [[nodiscard]] std::uint64_t next() {
    state_ += 0x9e3779b97f4a7c15ULL;
    std::uint64_t mixed = state_;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9ULL;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebULL;
    return mixed ^ (mixed >> 31);
  }
  // 0 to bound - 1, for a bound from 1 to 2^32. The bias of at most one in 2^32 is of no matter.
  [[nodiscard]] std::uint64_t below(std::uint64_t bound) { return ((next() >> 32) * bound) >> 32; }
  // Both ends included.
  [[nodiscard]] std::uint64_t between(std::uint64_t low, std::uint64_t high) {
    return low + below(high - low + 1);
  }
  // Draws a number only when there is something to decide, so that a world without a fault is the
  // same world as one where it cannot strike.
  [[nodiscard]] bool chance(PerMillion likely) { return likely > 0 && below(1'000'000) < likely; }

 private:
  std::uint64_t state_;
};

}  // namespace appd::reactor::sim
