// appctl's calls: one request, or many over several connections at once.
#pragma once

#include "appd/clients/appctl/command_line.h"
#include "appd/clients/appctl/console.h"
#include "appd/reactor/backend.h"

namespace appd::clients {

// Prints each reply when it arrives. Returns the exit code: that of the first connection that
// failed, else 1 if a reply was an error, else 0. Ends early where replies cannot be printed, which
// Console::finish() makes an exit code of.
[[nodiscard]] int run_call(const CommandLine& line, Console& console,
                           const reactor::BackendFactory& backend = reactor::system_backend);

}  // namespace appd::clients
