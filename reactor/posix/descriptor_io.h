// Descriptors that are no socket of a loop: standard streams, files, FIFOs, terminals. These calls
// block, for start-up and command-line tools.
//
// Whoever shares such a descriptor's open file (a parent, another process of a pipeline) may have
// made it non-blocking, which is a property of the file and not of the descriptor (fcntl(2),
// O_NONBLOCK): "would block" means to wait here, never that the stream has ended or failed.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "appd/reactor/posix/owned_fd.h"
#include "appd/reactor/result.h"

namespace appd::reactor {

// Waits for bytes and reads some; 0: the end, or no room. `name` is for the error's text. Errors:
// the system's ("read NAME: reason").
[[nodiscard]] Result<std::size_t> read_some(Descriptor fd, std::span<char> room,
                                            const std::string& name);

// Writes all of it, past every buffer of this process. Errors: the system's ("write NAME: reason");
// a part may have been written then. A pipe without reader is one only where SIGPIPE is ignored.
[[nodiscard]] Result<void> write_all(Descriptor fd, std::string_view bytes,
                                     const std::string& name);

// Gives the numbers 0, 1 and 2, where whoever started us closed them, to /dev/null: or else the
// next socket would become standard error, and a peer would read what is said there. Reading such a
// standard input and writing such a standard output fail as if they were closed; standard error
// takes everything. First in main, one thread.
void open_missing_standard_streams();

// Descriptors 0, 1 and 2 of this process all become /dev/null. Start-up only, one thread.
void redirect_standard_streams_to_null();

}  // namespace appd::reactor
