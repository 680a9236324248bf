// Descriptors 0, 1 and 2 of this process. Start-up only, one thread.
#pragma once

namespace appd::servers {

// Gives those that were closed by whoever started us to /dev/null. First in main: or else the next
// socket would become standard error, and a client would read the log.
void open_missing_standard_streams();

// All three become /dev/null.
void redirect_standard_streams_to_null();

}  // namespace appd::servers
