#include "servers/standard_streams.h"

#include <fcntl.h>
#include <unistd.h>

#include "reactor/owned_fd.h"

namespace appd::servers {

void open_missing_standard_streams() {
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(stream, F_GETFD) >= 0) continue;
    // open(2) gives the lowest free number, which is `stream`: those below it are open by now.
    reactor::OwnedFd null(::open("/dev/null", O_RDWR));
    static_cast<void>(null.release());  // stays open as long as the process
  }
}

void redirect_standard_streams_to_null() {
  const reactor::OwnedFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!null.valid()) return;  // a system without /dev/null: the streams stay as they are
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    ::dup2(null.get(), stream);
  }
}

}  // namespace appd::servers
