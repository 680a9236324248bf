// Threads of this process, and why there can be no further one.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "appd/options/start_error.h"

namespace appd::machine {

// nullopt: the system does not tell.
[[nodiscard]] std::optional<std::size_t> thread_count();

// For a thread that could not be started: "cannot start a thread for WHAT: " and the limit that
// stopped it, as far as it can be told (control group, address space, RLIMIT_NPROC).
[[nodiscard]] options::StartError thread_start_error(const std::string& what);

// For fork(2) that failed with `errno_value`, likewise.
[[nodiscard]] options::StartError fork_start_error(int errno_value);

// For memory that could not be had: "out of memory", and RLIMIT_AS where there is one.
[[nodiscard]] options::StartError memory_start_error();

}  // namespace appd::machine
