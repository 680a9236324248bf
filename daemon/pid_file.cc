#include "appd/daemon/pid_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>

#include "appd/options/start_error.h"
#include "appd/protocol/text/printable_text.h"

namespace appd::daemon {
namespace {

// How often the file may vanish between opening and locking it (its owner ends just then) before
// we give up.
constexpr int kAttempts = 16;

bool same_file(int fd, const std::string& path) {
  struct stat opened {};
  struct stat named {};
  return ::fstat(fd, &opened) == 0 && ::lstat(path.c_str(), &named) == 0 &&
         opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
}

// The process number in the file; empty for an empty file. Throws StartError: something else.
std::string read_pid(int fd, const std::string& path) {
  std::array<char, 32> content;
  const ssize_t count = ::pread(fd, content.data(), content.size(), 0);
  if (count < 0)
    throw options::system_start_error(errno, "read pid file " + protocol::in_quotes(path));
  std::string_view text(content.data(), static_cast<std::size_t>(count));
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (text.find_first_not_of("0123456789") != text.npos || text.size() > 20) {
    throw options::StartError("pid file " + protocol::in_quotes(path) +
                              " holds something else than a process number; it was left alone");
  }
  return std::string(text);
}

// O_NOFOLLOW: whoever can put a link there must not choose what we overwrite. O_NONBLOCK: a FIFO
// must not stop the start.
reactor::OwnedFd open_file(const std::string& path) {
  constexpr int kFlags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
  reactor::OwnedFd fd(::open(path.c_str(), kFlags, 0644));
  if (!fd.valid())
    throw options::system_start_error(errno, "create pid file " + protocol::in_quotes(path));
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
    throw options::StartError("pid file " + protocol::in_quotes(path) + " is not a regular file");
  }
  return fd;
}

void lock_file(int fd, const std::string& path) {
  while (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EINTR) continue;
    if (errno != EWOULDBLOCK)
      throw options::system_start_error(errno, "lock pid file " + protocol::in_quotes(path));
    const std::string pid = read_pid(fd, path);
    throw options::StartError("already running as " + (pid.empty() ? "another process" : pid) +
                              " (pid file " + protocol::in_quotes(path) + " is locked)");
  }
}

// In one piece over what a crashed process left, so that there is a number at any time. On failure
// an empty file would tell everybody nothing: it is removed, which its lock allows us.
void write_pid(int fd, const std::string& path, pid_t pid) {
  const std::string text = std::to_string(pid) + "\n";
  const ssize_t written = ::pwrite(fd, text.data(), text.size(), 0);
  const bool whole = written == static_cast<ssize_t>(text.size());
  if (whole && ::ftruncate(fd, written) == 0) return;
  const int reason = whole || written < 0 ? errno : ENOSPC;
  if (same_file(fd, path)) ::unlink(path.c_str());
  throw options::system_start_error(reason, "write pid file " + protocol::in_quotes(path));
}

}  // namespace

PidFile PidFile::acquire(const std::string& path) {
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    reactor::OwnedFd fd = open_file(path);
    lock_file(fd.get(), path);
    if (!same_file(fd.get(), path)) continue;  // removed by its owner before we had the lock
    static_cast<void>(read_pid(fd.get(), path));
    write_pid(fd.get(), path, ::getpid());
    return PidFile(path, std::move(fd), ::getpid());
  }
  throw options::StartError("pid file " + protocol::in_quotes(path) +
                            " is removed again and again by others");
}

PidFile::PidFile(std::string path, reactor::OwnedFd fd, pid_t owner)
    : path_(std::move(path)), fd_(std::move(fd)), owner_(owner) {}

PidFile::~PidFile() {
  // A forked child has a copy of this object; the file is not the child's.
  if (!fd_.valid() || owner_ != ::getpid()) return;
  if (same_file(fd_.get(), path_)) ::unlink(path_.c_str());
}

}  // namespace appd::daemon
