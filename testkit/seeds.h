// One test in many simulated worlds, each from a seed of its own.
//
//   CHECK(appd::test::over_seeds(200, [](const appd::test::Setup& setup) {
//     appd::App app;
//     add_my_actions(app);
//     appd::test::SimulatedApp world(app, setup);
//     world.split();
//     return world.call("upper", R"("hello")") == R"("HELLO")";
//   }));
//
// A seed that fails is told on standard error: what was thrown, the last events of its world, and
// the command that runs this seed alone (`APPD_TEST_SEED=17 ./my_test`, which may be run in a
// debugger).
#pragma once

#include <cstdint>
#include <functional>

#include "appd/testkit/simulated_app.h"

namespace appd::test {

// Runs `test` with the seeds 1 to `seeds`, or with that of the environment variable APPD_TEST_SEED
// alone, to the first one that fails: by false, or by what it throws. It must make all that it
// needs anew, its App included: a seed that fails is run once more, for its events. One thread.
[[nodiscard]] bool over_seeds(std::uint64_t seeds,
                              const std::function<bool(const Setup& setup)>& test);

}  // namespace appd::test
