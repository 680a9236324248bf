// A simulated world of handlers that wait: clients pipeline calls that sleep, are answered by
// callbacks, block in a pool or call each other, with and without deadlines, and some leave in the
// middle. Every reply must come in the order of its request, with the result that is its own and
// the status that its time allows.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace appd::testing {

struct WaitingResult {
  std::uint64_t replies = 0;
  std::uint64_t dropped = 0;  // calls that nobody waited for any more
  std::uint64_t late = 0;     // answers to them
  std::optional<std::string> violation;
};

[[nodiscard]] WaitingResult simulate_waiting(std::uint64_t seed);

}  // namespace appd::testing
