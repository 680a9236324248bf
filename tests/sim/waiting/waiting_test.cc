#include "tests/sim/waiting/waiting.h"

#include <doctest/doctest.h>

namespace appd::testing {
namespace {

TEST_CASE("sim: waiting calls are answered in order and in time, or dropped without a trace") {
  std::uint64_t replies = 0;
  std::uint64_t dropped = 0;
  std::uint64_t late = 0;
  Coverage coverage;
  for (std::uint64_t seed = 1; seed <= APPD_WAITING_SEEDS; ++seed) {
    CAPTURE(seed);
    const WaitingResult result = simulate_waiting(seed);
    CHECK(result.violation.value_or("") == "");
    replies += result.replies;
    dropped += result.dropped;
    late += result.late;
    coverage.add(result.coverage);
  }
  MESSAGE(replies << " replies, " << dropped << " calls dropped, " << late
                  << " late answers; waits "
                  << "that each cut has met:\n"
                  << coverage.table());
  CHECK(replies > 0);
  CHECK(dropped > 0);
  CHECK(late > 0);
  // Every await point has been cut by everything that can cut it.
  CHECK(coverage.missing() == "");
}

TEST_CASE("sim: a waiting world follows from its seed") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    const WaitingResult once = simulate_waiting(seed);
    const WaitingResult again = simulate_waiting(seed);
    CHECK(once.hash == again.hash);
    CHECK(once.events == again.events);
  }
}

}  // namespace
}  // namespace appd::testing
