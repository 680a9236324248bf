#include "servers/log_output.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "servers/printable_text.h"

namespace appd::servers {
namespace {

// A pipe that poll(2) calls writable takes this much without blocking (pipe(7), PIPE_BUF).
constexpr std::size_t kPieceBytes = 4096;
// Writes in a row that move nothing although poll said they would.
constexpr int kFruitlessWrites = 16;

}  // namespace

reactor::Result<void> LogOutput::open() {
  if (path_.empty()) return {};
  // O_NONBLOCK: a FIFO that nobody reads is an error, not a wait.
  constexpr int kFlags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
  auto file = std::make_shared<reactor::OwnedFd>(::open(path_.c_str(), kFlags, 0640));
  if (!file->valid()) return reactor::system_failure(errno, "open log file " + in_quotes(path_));
  const std::lock_guard lock(mutex_);
  file_ = std::move(file);
  return {};
}

bool LogOutput::write(std::string_view line) {
  std::shared_ptr<reactor::OwnedFd> file;
  {
    const std::lock_guard lock(mutex_);
    file = file_;
  }
  const int fd = file ? file->get() : STDERR_FILENO;
  if (torn_ && !write_all(fd, "\n")) return false;
  torn_ = false;
  return write_all(fd, line);
}

bool LogOutput::write_all(int fd, std::string_view bytes) {
  const std::size_t size = bytes.size();
  int fruitless = 0;
  while (!bytes.empty()) {
    const bool writable = wait_writable(fd);
    const ssize_t count =
        writable ? ::write(fd, bytes.data(), std::min(bytes.size(), kPieceBytes)) : -1;
    if (count > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(count));
      fruitless = 0;
    } else if (!writable || (count < 0 && errno != EINTR && errno != EAGAIN) ||
               ++fruitless == kFruitlessWrites) {
      torn_ = torn_ || bytes.size() < size;
      return false;
    }
  }
  return true;
}

bool LogOutput::wait_writable(int fd) {
  const auto wait = stuck_ ? std::chrono::milliseconds(0) : kStuckOutputWait;
  pollfd watched{.fd = fd, .events = POLLOUT, .revents = 0};
  int ready = 0;
  do {
    ready = ::poll(&watched, 1, static_cast<int>(wait.count()));
  } while (ready < 0 && errno == EINTR);
  stuck_ = ready == 0;
  return ready > 0;  // POLLERR, POLLNVAL too: write(2) says what is wrong
}

}  // namespace appd::servers
