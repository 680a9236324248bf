// The path of a listening Unix socket: who may take it, and when it is removed. For
// network_posix.cc. Header only.
#pragma once

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <utility>

#include "appd/reactor/endpoint.h"
#include "appd/reactor/posix/socket_posix.h"

namespace appd::reactor {

// Keeps programs that start at the same moment from removing each other's socket: the look, the
// unlink and the bind happen under flock(2) of the folder, which leaves no file behind. Without
// permission to open the folder, or when somebody holds it for long, goes on without.
class UnixPathLock {
 public:
  explicit UnixPathLock(const Endpoint& endpoint) : folder_(open_folder(endpoint.host())) {
    constexpr int kAttempts = 100;
    const timespec pause{.tv_sec = 0, .tv_nsec = 5'000'000};
    for (int i = 0; folder_.valid() && i < kAttempts; ++i) {
      if (::flock(folder_.get(), LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) return;
      ::nanosleep(&pause, nullptr);
    }
  }
  // Closing the descriptor releases the lock.

 private:
  static OwnedFd open_folder(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
    return OwnedFd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  }

  OwnedFd folder_;
};

// The socket file that this process has bound; knows it again by device and inode, so that a
// successor's file of the same name is left alone.
class UnixPath {
 public:
  UnixPath() = default;
  // Right after the bind. The number stays ours: a bound socket holds its inode.
  explicit UnixPath(const Endpoint& endpoint) : endpoint_(endpoint) {
    struct stat found {};
    if (::lstat(endpoint.host().c_str(), &found) != 0) return;
    device_ = found.st_dev;
    inode_ = found.st_ino;
    bound_ = true;
  }

  // Before the socket is closed. Once; later calls do nothing.
  void remove() {
    if (bound_) remove(UnixPathLock(endpoint_));
  }
  void remove(const UnixPathLock& /* held */) {
    if (!std::exchange(bound_, false)) return;
    const std::string path = endpoint_.host();
    struct stat found {};
    if (::lstat(path.c_str(), &found) != 0) return;
    if (found.st_dev == device_ && found.st_ino == inode_) ::unlink(path.c_str());
  }

 private:
  Endpoint endpoint_;
  dev_t device_ = 0;
  ino_t inode_ = 0;
  bool bound_ = false;
};

// A path that is taken: removes it when it is a socket that nobody listens on. false: it is in use,
// or no socket, or may not be removed; errno says what to report.
[[nodiscard]] inline bool remove_stale_socket(const Endpoint& endpoint,
                                              const UnixPathLock& /* held */) {
  const std::string path = endpoint.host();
  struct stat found {};
  if (::lstat(path.c_str(), &found) != 0) return errno == ENOENT;  // gone by now: the path is free
  errno = EADDRINUSE;
  if (!S_ISSOCK(found.st_mode)) return false;
  const OwnedFd probe = make_stream_socket(AF_UNIX);
  if (!probe.valid()) return false;
  const int connected = ::connect(probe.get(), endpoint.address(), endpoint.length());
  const bool stale = connected != 0 && errno == ECONNREFUSED;
  errno = EADDRINUSE;
  return stale && ::unlink(path.c_str()) == 0;
}

}  // namespace appd::reactor
