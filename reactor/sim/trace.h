// What happened in a simulated world, in its order: a hash over all of it, and, when asked for, a
// line for each event. Two runs with one hash were the same run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "appd/reactor/clock.h"

namespace appd::reactor::sim {

class Trace {
 public:
  using Line = std::function<void(const std::string& line)>;

  // Gets a line an event from now on: `1.234567 deliver 3 512`.
  void print_to(Line line) { line_ = std::move(line); }

  // Nothing is noted from now on: for who asks neither for the hash nor for lines, and has no time.
  void stop() { stopped_ = true; }

  // `what` is a word of the world's; the numbers are what it is about (connection, bytes ...).
  void note(TimePoint when, std::string_view what, std::uint64_t a = 0, std::uint64_t b = 0);
  // Bytes that moved: hashed, not printed.
  void note_bytes(std::span<const std::byte> bytes);

  [[nodiscard]] std::uint64_t hash() const { return hash_; }
  [[nodiscard]] std::uint64_t events() const { return events_; }

 private:
  void mix(std::uint64_t value);

  std::uint64_t hash_ = 0xcbf29ce484222325ULL;
  std::uint64_t events_ = 0;
  Line line_;
  bool stopped_ = false;
};

}  // namespace appd::reactor::sim
