// Many worlds in a short time, and the same worlds everywhere.
#include "tests/sim/simulation.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

namespace appd::testing {
namespace {

// More on request, for a night: APPD_SIM_SEEDS=100000 build/release/tests/sim/sim_test.
std::uint64_t seed_count() {
  const char* wanted = std::getenv("APPD_SIM_SEEDS");
  return wanted == nullptr ? APPD_SIM_SEEDS : std::strtoull(wanted, nullptr, 10);
}

TEST_CASE("simulation: in every world the invariants hold in every step") {
  for (std::uint64_t seed = 1; seed <= seed_count(); ++seed) {
    CAPTURE(seed);
    const SimulationResult result = simulate(seed);
    INFO("scripts/replay " << seed);
    CHECK_MESSAGE(!result.violation, result.violation.value_or(""));
  }
}

TEST_CASE("simulation: coroutines as protocols keep every promise, too") {
  for (std::uint64_t seed = 1; seed <= seed_count(); ++seed) {
    CAPTURE(seed);
    const SimulationResult result = simulate_streams(seed);
    INFO("scripts/replay --streams " << seed);
    CHECK_MESSAGE(!result.violation, result.violation.value_or(""));
  }
}

TEST_CASE("simulation: one seed is one world") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    CHECK(simulate(seed).hash == simulate(seed).hash);
  }
}

TEST_CASE("simulation: printing the trace changes nothing") {
  std::uint64_t lines = 0;
  const SimulationResult printed = simulate(7, [&](const std::string&) { ++lines; });
  CHECK(lines == printed.events);
  CHECK(printed.hash == simulate(7).hash);
}

// The file is the same for each compiler, with sanitizers or without. When a change of the program
// changes what happens in a world, write it anew: simulate 1 12 | cut -d' ' -f1,3 > hashes.txt.
TEST_CASE("simulation: the hashes are those of every other build") {
  std::ifstream file(APPD_HASH_FILE);
  std::uint64_t seed = 0;
  std::string expected;
  std::uint64_t count = 0;
  while (file >> seed >> expected) {
    CAPTURE(seed);
    std::ostringstream hash;
    hash << std::hex;
    hash.width(16);
    hash.fill('0');
    hash << simulate(seed).hash;
    CHECK(hash.str() == expected);
    ++count;
  }
  CHECK(count == 12);
}

}  // namespace
}  // namespace appd::testing
