#include "appd/logging/log_output.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <optional>

#include "appd/protocol/text/printable_text.h"

namespace appd::logging {
namespace {

// A pipe that poll(2) calls writable takes this much without blocking (pipe(7), PIPE_BUF).
constexpr std::size_t kPieceBytes = 4096;
// Writes in a row that move nothing although poll said they would.
constexpr int kFruitlessWrites = 16;

// The descriptor that a name stands for. On Linux these names are symbolic links, and where the
// descriptor is a socket they cannot be opened at all (proc(5), /proc/pid/fd).
std::optional<reactor::Descriptor> descriptor_of(std::string_view path) {
  if (path == "/dev/stdout") return STDOUT_FILENO;
  if (path == "/dev/stderr") return STDERR_FILENO;
  for (const std::string_view folder : {"/dev/fd/", "/proc/self/fd/"}) {
    if (!path.starts_with(folder)) continue;
    const std::string_view digits = path.substr(folder.size());
    const char* const end = digits.data() + digits.size();
    reactor::Descriptor fd = reactor::kNoDescriptor;
    const auto [stop, error] = std::from_chars(digits.data(), end, fd);
    if (error == std::errc() && stop == end && fd >= 0) return fd;
  }
  return std::nullopt;
}

// A second descriptor for the same open file; errno says why there is none.
reactor::OwnedFd duplicate_for_writing(reactor::Descriptor fd) {
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags >= 0 && (flags & O_ACCMODE) == O_RDONLY) errno = EBADF;
  if (flags < 0 || (flags & O_ACCMODE) == O_RDONLY) return {};
  return reactor::OwnedFd(::fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
}

// O_NOFOLLOW: in a folder that others may write to, a link would have us write where they want.
// O_NONBLOCK: a FIFO that nobody reads is an error, not a wait.
reactor::OwnedFd open_for_appending(const std::string& path) {
  constexpr int kFlags =
      O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW | O_NONBLOCK;
  return reactor::OwnedFd(::open(path.c_str(), kFlags, 0640));
}

reactor::Result<void> open_failure(int error, const std::string& path) {
  const std::string context = "open log file " + protocol::in_quotes(path);
  std::error_code ignored;
  if (!std::filesystem::is_symlink(path, ignored)) return reactor::system_failure(error, context);
  return reactor::fail({error, std::system_category()},
                       context + ": it is a symbolic link, and none is followed");
}

}  // namespace

reactor::Result<void> LogOutput::open() {
  if (path_.empty()) return {};
  const std::optional<reactor::Descriptor> stream = descriptor_of(path_);
  if (stream && file()) return {};
  auto opened = std::make_shared<reactor::OwnedFd>(stream ? duplicate_for_writing(*stream)
                                                          : open_for_appending(path_));
  if (!opened->valid()) return open_failure(errno, path_);
  const std::lock_guard lock(mutex_);
  file_ = std::move(opened);
  return {};
}

std::shared_ptr<reactor::OwnedFd> LogOutput::file() {
  const std::lock_guard lock(mutex_);
  return file_;
}

bool LogOutput::write(std::string_view line) {
  const std::shared_ptr<reactor::OwnedFd> opened = file();
  const int fd = opened ? opened->get() : STDERR_FILENO;
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

}  // namespace appd::logging
