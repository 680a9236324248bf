#include "appd/servers/standard_streams.h"

#include <fcntl.h>
#include <unistd.h>

#include "appd/reactor/owned_fd.h"

namespace appd::servers {

void redirect_standard_streams_to_null() {
  const reactor::OwnedFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!null.valid()) return;  // a system without /dev/null: the streams stay as they are
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    ::dup2(null.get(), stream);
  }
}

}  // namespace appd::servers
