// How many CPUs this process may use, which can be fewer than the machine has.
#pragma once

#include <cstddef>

#include "appd/machine/cgroup.h"

namespace appd::machine {

// At least 1: the CPUs that the scheduler may put this thread on (taskset, cpusets), and no more
// than the CPU time that the control groups allow, rounded up.
[[nodiscard]] std::size_t usable_cpus(const Cgroups& cgroups = Cgroups());

}  // namespace appd::machine
