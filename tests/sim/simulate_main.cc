// simulate FIRST COUNT: runs the worlds of the seeds FIRST to FIRST + COUNT - 1, a line each:
//   SEED ok HASH SIMULATED_SECONDS EVENTS        or        SEED failed HASH SECONDS EVENTS: WHY
// simulate trace SEED: prints the whole trace of one, and at its end `trace HASH`.
// Exit: 0 nothing failed, 1 something did, 2 wrong usage. scripts/simulate and scripts/replay.
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>

#include "tests/sim/simulation.h"

namespace {

using appd::testing::simulate;
using appd::testing::SimulationResult;

int usage() {
  std::fputs("usage: simulate FIRST COUNT | simulate trace SEED\n", stderr);
  return 2;
}

void print_result(std::uint64_t seed, const SimulationResult& result) {
  const double seconds = std::chrono::duration<double>(result.simulated).count();
  std::printf("%" PRIu64 " %s %016" PRIx64 " %.3f %" PRIu64 "%s%s\n", seed,
              result.violation ? "failed" : "ok", result.hash, seconds, result.events,
              result.violation ? ": " : "", result.violation.value_or("").c_str());
  std::fflush(stdout);
}

int run_many(std::uint64_t first, std::uint64_t count) {
  int failed = 0;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    const SimulationResult result = simulate(seed);
    print_result(seed, result);
    if (result.violation) failed = 1;
  }
  return failed;
}

int trace_one(std::uint64_t seed) {
  const SimulationResult result =
      simulate(seed, [](const std::string& line) { std::puts(line.c_str()); });
  if (result.violation) std::printf("violation %s\n", result.violation->c_str());
  std::printf("trace %016" PRIx64 "\n", result.hash);
  return result.violation ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return usage();
  try {
    const std::uint64_t number = std::stoull(argv[2]);
    if (std::string(argv[1]) == "trace") return trace_one(number);
    return run_many(std::stoull(argv[1]), number);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "simulate: %s\n", error.what());
    return usage();
  }
}
