// A simulated world of handlers that wait, from its seed: clients pipeline calls that sleep, block
// in a pool, are answered by callbacks, call each other and another server, nested and one after
// the other. Exactly while they wait, clients leave in every way there is, deadlines and limits
// pass, the server drains, memory is refused; and the world has its own misfortunes.
//
// Every reply must come in the order of its request, with the result that is its own and the status
// that its time allows; who is dropped must be stopped first, and must leave nothing behind.
#pragma once

#include <cstdint>

#include "tests/sim/simulation.h"
#include "tests/sim/waiting/await_points.h"

namespace appd::testing {

struct WaitingResult : SimulationResult {
  std::uint64_t replies = 0;
  std::uint64_t dropped = 0;  // calls that nobody waited for any more
  std::uint64_t late = 0;     // answers to them
  Coverage coverage;
};

// `line`: gets the trace; may be empty.
[[nodiscard]] WaitingResult simulate_waiting(std::uint64_t seed,
                                             reactor::sim::Trace::Line line = {});

}  // namespace appd::testing
