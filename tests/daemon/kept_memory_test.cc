#include "appd/daemon/kept_memory.h"

#include <doctest/doctest.h>

#include <cstddef>
#include <vector>

#include "appd/machine/allocator.h"
#include "tests/support/calm_loop.h"
#include "tests/support/child_process.h"

namespace appd::daemon {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kBlock = 24 * 1024 * 1024;

// 0: what was freed is kept while `needed`, and given back in the second look after.
int watch(std::size_t& needed) {
  testing::CalmWorld world;
  reactor::EventLoop loop(world.backend());
  const auto pass = [&](reactor::Duration time) {
    const reactor::TimePoint end = world.now() + time;
    while (world.now() < end) loop.run_once(end - world.now());
  };
  {
    const KeptMemory memory(loop, [&needed] { return needed; });
    std::vector<char>(kBlock, 'x').clear();
    if (machine::freed_memory() < kBlock) return 0;  // a sanitizer's allocator
    pass(3 * KeptMemory::kPeriod);
    if (machine::freed_memory() < kBlock) return 1;
    needed = 0;
    pass(KeptMemory::kPeriod + 1ms);
    if (machine::freed_memory() < kBlock) return 2;
    pass(KeptMemory::kPeriod);
  }  // waits for who gives back
  return machine::freed_memory() < kBlock ? 0 : 3;
}

}  // namespace

TEST_CASE("kept memory: is given back when no message has needed any for a while") {
  const pid_t child = testing::fork_child([] {
    std::size_t needed = 1;
    return watch(needed);
  });
  CHECK(testing::exit_code_of(child) == 0);
}

}  // namespace appd::daemon
