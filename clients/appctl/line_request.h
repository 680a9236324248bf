// The request that appctl's command line describes, its value read from where it says.
#pragma once

#include <string>

#include "appd/clients/appctl/command_line.h"
#include "appd/clients/request.h"
#include "appd/reactor/posix/owned_fd.h"

namespace appd::clients {

// `in`: standard input, borrowed. `keep_alive`: ask for it where neither the line nor the protocol
// says whether. Errors: kInvalidRequest, also for a file that cannot be read or is too large.
[[nodiscard]] Result<SharedRequest> make_line_request(const CommandLine& line,
                                                      reactor::Descriptor in, bool keep_alive);

// All bytes of a file, of which it may have `max_bytes`. Errors: kInvalidRequest.
[[nodiscard]] Result<std::string> read_file(const std::string& name, std::uint64_t max_bytes);

}  // namespace appd::clients
