#include "appd/daemon/ready_lines.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <utility>

#include "appd/options/start_error.h"

namespace appd::daemon {
namespace {

// A pipe that poll(2) calls writable takes this much without blocking (pipe(7), PIPE_BUF).
constexpr std::size_t kPieceBytes = 4096;
// How often a full standard output is looked at. A timer, since not every poller watches every
// file.
constexpr std::chrono::milliseconds kAgain{50};

}  // namespace

ReadyLines::ReadyLines(reactor::EventLoop& loop, std::string lines)
    : loop_(loop),
      rest_(std::move(lines)),
      timer_(reactor::Timer::calling<&ReadyLines::say_more>(loop.timers(), *this)) {}

void ReadyLines::say() {
  const int error = write_some();
  if (error == 0 || error == EBADF) return;  // closed: whoever closed it does not ask
  if (error != EAGAIN) throw options::system_start_error(error, "write standard output");
  loop_.refresh_now();
  timer_.arm(loop_.now() + kAgain);
}

void ReadyLines::say_more() {
  if (write_some() == EAGAIN) timer_.arm(loop_.now() + kAgain);
}

int ReadyLines::write_some() {
  while (!rest_.empty()) {
    pollfd output{.fd = STDOUT_FILENO, .events = POLLOUT, .revents = 0};
    if (::poll(&output, 1, 0) <= 0) return EAGAIN;  // interrupted: as good as full
    const ssize_t count = ::write(STDOUT_FILENO, rest_.data(), std::min(rest_.size(), kPieceBytes));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno;
    rest_.erase(0, static_cast<std::size_t>(count));
  }
  return 0;
}

}  // namespace appd::daemon
