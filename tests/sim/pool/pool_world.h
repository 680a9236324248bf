// A simulated world of calls through a pool, from its seed: one client calls a server over a few
// connections, which break, while the server refuses, drains, is away and comes back; calls have
// deadlines, may be tried again or not, wait for the server, and are given up.
//
// Each call must be told once, in time, its own reply; none may be carried out more often than it
// allows; and when nothing goes wrong any more, each must succeed.
#pragma once

#include <cstdint>

#include "tests/sim/simulation.h"

namespace appd::testing {

struct PoolResult : SimulationResult {
  int answered = 0;       // calls that succeeded
  int carried_again = 0;  // calls that were carried out more than once, as they may be
  int restarts = 0;       // of the server
};

// `line`: gets the trace; may be empty.
[[nodiscard]] PoolResult simulate_pool(std::uint64_t seed, reactor::sim::Trace::Line line = {});

}  // namespace appd::testing
