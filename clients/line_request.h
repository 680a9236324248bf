// The request that appctl's command line describes, its value read from where it says.
#pragma once

#include <cstdio>
#include <string>

#include "clients/command_line.h"
#include "clients/request.h"

namespace appd::clients {

// `keep_alive`: ask for it where neither the line nor the protocol says whether.
// Errors: kInvalidRequest, also for a file that cannot be read.
[[nodiscard]] Result<SharedRequest> make_line_request(const CommandLine& line, std::FILE* in,
                                                      bool keep_alive);

// All bytes of a file. Errors: kInvalidRequest.
[[nodiscard]] Result<std::string> read_file(const std::string& name);

}  // namespace appd::clients
