#include "tests/sim/waiting.h"

#include <doctest/doctest.h>

namespace appd::testing {
namespace {

TEST_CASE("sim: waiting calls are answered in order, in time, by nobody else's answer") {
  WaitingResult total;
  for (std::uint64_t seed = 1; seed <= APPD_WAITING_SEEDS; ++seed) {
    CAPTURE(seed);
    const WaitingResult result = simulate_waiting(seed);
    CHECK(result.violation.value_or("") == "");
    total.replies += result.replies;
    total.dropped += result.dropped;
    total.late += result.late;
  }
  // The worlds hold what they are about.
  CHECK(total.replies > 0);
  CHECK(total.dropped > 0);
  CHECK(total.late > 0);
}

}  // namespace
}  // namespace appd::testing
