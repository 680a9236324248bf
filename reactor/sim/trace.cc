#include "appd/reactor/sim/trace.h"

#include <cstdio>

namespace appd::reactor::sim {

void Trace::note(TimePoint when, std::string_view what, std::uint64_t a, std::uint64_t b) {
  if (stopped_) return;
  const auto time = static_cast<std::uint64_t>(when.time_since_epoch().count());
  ++events_;
  mix(time);
  for (const char c : what) mix(static_cast<unsigned char>(c));
  mix(a);
  mix(b);
  if (!line_) return;
  char numbers[64];
  std::snprintf(numbers, sizeof numbers, "%llu.%06llu ",
                static_cast<unsigned long long>(time / 1'000'000'000),
                static_cast<unsigned long long>(time / 1'000 % 1'000'000));
  line_(numbers + std::string(what) + ' ' + std::to_string(a) + ' ' + std::to_string(b));
}

// Eight bytes a step, put together by hand: the same on every machine.
void Trace::note_bytes(std::span<const std::byte> bytes) {
  if (stopped_) return;
  std::uint64_t word = bytes.size();
  std::size_t filled = 0;
  for (const std::byte byte : bytes) {
    word = (word << 8) | static_cast<std::uint64_t>(byte);
    if (++filled % 8 == 0) mix(word);
  }
  mix(word);
}

// FNV-1a, a word instead of a byte at a time.
void Trace::mix(std::uint64_t value) {
  hash_ = (hash_ ^ value) * 0x100000001b3ULL;
  hash_ ^= hash_ >> 29;
}

}  // namespace appd::reactor::sim
