// Calls through a pool, in many worlds.
#include "tests/sim/pool/pool_world.h"

#include <doctest/doctest.h>

namespace appd::testing {
namespace {

constexpr std::uint64_t kSeeds = APPD_POOL_SEEDS;

TEST_CASE("pool: no call is carried out more often than it may be, whatever goes wrong") {
  std::uint64_t answered = 0;
  int carried_again = 0;
  int restarts = 0;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    CAPTURE(seed);
    const PoolResult result = simulate_pool(seed);
    CHECK(result.violation.value_or("") == "");
    answered += static_cast<std::uint64_t>(result.answered);
    carried_again += result.carried_again;
    restarts += result.restarts;
  }
  CHECK(answered > kSeeds * 30);
  // What is claimed has been tried.
  CHECK(carried_again > 0);
  CHECK(restarts > 0);
}

TEST_CASE("pool: equal seeds give equal worlds") {
  CHECK(simulate_pool(4).hash == simulate_pool(4).hash);
}

}  // namespace
}  // namespace appd::testing
