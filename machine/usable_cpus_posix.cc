#include "appd/machine/usable_cpus.h"

#ifdef __linux__
#include <sched.h>
#endif

#include <algorithm>
#include <thread>
#include <vector>

namespace appd::machine {
namespace {

#ifdef __linux__
// The kernel refuses a set that is smaller than its own (sched_setaffinity(2)); none is larger.
constexpr std::size_t kMostSets = 64;

// 0: unknown.
std::size_t affinity() {
  for (std::size_t sets = 1; sets <= kMostSets; sets *= 2) {
    std::vector<cpu_set_t> cpus(sets);
    const std::size_t bytes = sets * sizeof(cpu_set_t);
    if (::sched_getaffinity(0, bytes, cpus.data()) == 0) {
      return static_cast<std::size_t>(CPU_COUNT_S(bytes, cpus.data()));
    }
  }
  return 0;
}
#else
std::size_t affinity() { return 0; }
#endif

}  // namespace

std::size_t usable_cpus(const Cgroups& cgroups) {
  std::size_t cpus = affinity();
  if (cpus == 0) cpus = std::max(1U, std::thread::hardware_concurrency());
  return std::min(cpus, cgroups.cpu_quota().value_or(cpus));
}

}  // namespace appd::machine
