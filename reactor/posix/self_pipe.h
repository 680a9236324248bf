// A pipe of a process to itself: what a signal handler or another thread can always write to, and
// every poller can watch. Both ends non-blocking and closed on exec.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "appd/reactor/posix/owned_fd.h"
#include "appd/reactor/result.h"

namespace appd::reactor {

struct SelfPipe {
  OwnedFd read_end;
  OwnedFd write_end;
};

// By fcntl(2), since not every system has pipe2(2). Errors: the system's (EMFILE).
[[nodiscard]] inline Result<SelfPipe> make_self_pipe() {
  int ends[2];
  if (::pipe(ends) != 0) return system_failure(errno, "pipe");
  SelfPipe pipe{OwnedFd(ends[0]), OwnedFd(ends[1])};
  for (const int end : ends) {
    if (::fcntl(end, F_SETFL, O_NONBLOCK) != 0 || ::fcntl(end, F_SETFD, FD_CLOEXEC) != 0) {
      return system_failure(errno, "fcntl");
    }
  }
  return pipe;
}

}  // namespace appd::reactor
