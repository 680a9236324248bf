#include "appd/reactor/posix/descriptor_io.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>

#include "appd/reactor/posix/owned_fd.h"

namespace appd::reactor {
namespace {

// Errors of the descriptor count as ready, too: the next read or write says what is wrong.
void wait_for(Descriptor fd, short events) {
  pollfd watched{.fd = fd, .events = events, .revents = 0};
  static_cast<void>(::poll(&watched, 1, -1));
}

bool would_block(int error) { return error == EAGAIN || error == EWOULDBLOCK; }

}  // namespace

Result<std::size_t> read_some(Descriptor fd, std::span<char> room, const std::string& name) {
  while (true) {
    const ssize_t count = ::read(fd, room.data(), room.size());
    if (count >= 0) return static_cast<std::size_t>(count);
    if (would_block(errno)) {
      wait_for(fd, POLLIN);
    } else if (errno != EINTR) {
      return system_failure(errno, "read " + name);
    }
  }
}

Result<void> write_all(Descriptor fd, std::string_view bytes, const std::string& name) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(fd, bytes.data(), bytes.size());
    if (count >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(count));
    } else if (would_block(errno)) {
      wait_for(fd, POLLOUT);
    } else if (errno != EINTR) {
      return system_failure(errno, "write " + name);
    }
  }
  return {};
}

void open_missing_standard_streams() {
  constexpr int kModes[] = {O_WRONLY, O_RDONLY, O_RDWR};  // the wrong ones, but for standard error
  for (const Descriptor stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(stream, F_GETFD) >= 0) continue;
    // open(2) gives the lowest free number, which is `stream`: those below it are open by now.
    OwnedFd null(::open("/dev/null", kModes[stream]));
    static_cast<void>(null.release());  // stays open as long as the process
  }
}

void redirect_standard_streams_to_null() {
  const OwnedFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!null.valid()) return;  // a system without /dev/null: the streams stay as they are
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    ::dup2(null.get(), stream);
  }
}

}  // namespace appd::reactor
