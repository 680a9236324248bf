// appctl's calls: one request, or many over several connections at once.
#pragma once

#include <cstdio>

#include "clients/command_line.h"
#include "reactor/backend.h"

namespace appd::clients {

// Where a command reads and writes; borrowed. Results go to `out`, everything else to `err`.
struct Streams {
  std::FILE* in = stdin;
  std::FILE* out = stdout;
  std::FILE* err = stderr;
};

// Prints each reply when it arrives. Returns the exit code: that of the first connection that
// failed, else 1 if a reply was an error, else 0.
[[nodiscard]] int run_call(const CommandLine& line, const Streams& streams,
                           const reactor::BackendFactory& backend = reactor::system_backend);

}  // namespace appd::clients
