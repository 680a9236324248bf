// What a daemon's process makes of its signals, from the first line of main on.
#pragma once

#include <csignal>

#include "appd/reactor/posix/held_signals.h"

namespace appd::daemon {

// Those that a serving daemon acts on. An array by value, for Signals::watch().
inline constexpr int kServedSignals[] = {SIGTERM, SIGINT, SIGHUP};

// Holds these until they are watched, whatever was inherited. SIGPIPE and SIGXFSZ do not end the
// process: the write fails, and says why; SIGUSR1 and SIGUSR2 do nothing, unless the program said
// what they do. An ignored SIGCHLD is as usual again, so that whoever starts processes can wait for
// them; but for process 1, which inherits the orphans of its container, it is ignored: the kernel
// then takes them away, and those that the program starts, too.
// What was before comes back with the end of what is returned, SIGCHLD excepted.
[[nodiscard]] reactor::HeldSignals take_over_signals();

// The served signals end the process again: for one that only says something, and may be stuck
// because nobody reads it.
void let_served_signals_end_us();

}  // namespace appd::daemon
