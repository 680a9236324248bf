// simulate [WORLD] FIRST COUNT: runs the worlds of the seeds FIRST to FIRST + COUNT - 1,
// a line each:
//   SEED ok HASH SIMULATED_SECONDS EVENTS        or        SEED failed HASH SECONDS EVENTS: WHY
// simulate [WORLD] trace SEED: prints the whole trace of one, and at its end `trace HASH`. WORLD is
// `waiting`, handlers that wait (waiting.h); `pool`, calls through a client's pool (pool_world.h);
// `streams`, the whole ones with peers that speak a coroutine's protocol; else the whole ones
// (simulation.h). Exit: 0 nothing failed, 1 something did, 2 wrong usage. scripts/simulate and
// scripts/replay.
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <map>
#include <string>
#include <utility>

#include "tests/sim/pool/pool_world.h"
#include "tests/sim/simulation.h"
#include "tests/sim/waiting/waiting.h"

namespace {

using appd::reactor::sim::Trace;
using appd::testing::SimulationResult;

using RunWorld = SimulationResult (*)(std::uint64_t seed, Trace::Line line);

SimulationResult whole_world(std::uint64_t seed, Trace::Line line) {
  return appd::testing::simulate(seed, std::move(line));
}
SimulationResult waiting_world(std::uint64_t seed, Trace::Line line) {
  return appd::testing::simulate_waiting(seed, std::move(line));
}
SimulationResult pool_world(std::uint64_t seed, Trace::Line line) {
  return appd::testing::simulate_pool(seed, std::move(line));
}
SimulationResult streams_world(std::uint64_t seed, Trace::Line line) {
  return appd::testing::simulate_streams(seed, std::move(line));
}

int usage() {
  std::fputs("usage: simulate [waiting|pool|streams] FIRST COUNT | ... trace SEED\n", stderr);
  return 2;
}

void print_result(std::uint64_t seed, const SimulationResult& result) {
  const double seconds = std::chrono::duration<double>(result.simulated).count();
  std::printf("%" PRIu64 " %s %016" PRIx64 " %.3f %" PRIu64 "%s%s\n", seed,
              result.violation ? "failed" : "ok", result.hash, seconds, result.events,
              result.violation ? ": " : "", result.violation.value_or("").c_str());
  std::fflush(stdout);
}

int run_many(RunWorld run, std::uint64_t first, std::uint64_t count) {
  int failed = 0;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    const SimulationResult result = run(seed, {});
    print_result(seed, result);
    if (result.violation) failed = 1;
  }
  return failed;
}

int trace_one(RunWorld run, std::uint64_t seed) {
  const SimulationResult result =
      run(seed, [](const std::string& line) { std::puts(line.c_str()); });
  if (result.violation) std::printf("violation %s\n", result.violation->c_str());
  std::printf("trace %016" PRIx64 "\n", result.hash);
  return result.violation ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::map<std::string, RunWorld> worlds{{"", whole_world},
                                               {"waiting", waiting_world},
                                               {"pool", pool_world},
                                               {"streams", streams_world}};
  const auto found = worlds.find(argc == 4 ? argv[1] : "");
  if ((argc != 3 && argc != 4) || found == worlds.end()) return usage();
  const RunWorld run = found->second;
  try {
    const std::string what = argv[argc - 2];
    const std::uint64_t number = std::stoull(argv[argc - 1]);
    if (what == "trace") return trace_one(run, number);
    return run_many(run, std::stoull(what), number);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "simulate: %s\n", error.what());
    return usage();
  }
}
