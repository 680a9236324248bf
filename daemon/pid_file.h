// A file with this process's number, and a lock that says whether that process still lives.
#pragma once

#include <sys/types.h>

#include <string>

#include "appd/reactor/posix/owned_fd.h"

namespace appd::daemon {

class PidFile {
 public:
  // Creates and locks (flock(2)) the file and writes getpid() into it. A file that a crashed
  // process left is replaced. Throws StartError: a living process holds it ("already running as
  // PID"), it cannot be created, it holds something else than a process number (then it is left
  // alone), or the number cannot be written (a full disk; then the file is removed). The lock
  // belongs to the process: acquire after Daemonizer::detach().
  [[nodiscard]] static PidFile acquire(const std::string& path);

  PidFile(PidFile&& other) noexcept = default;
  PidFile& operator=(PidFile&&) = delete;
  // Removes the file, if it is still this object's and this is still the process that acquired it.
  ~PidFile();

 private:
  PidFile(std::string path, reactor::OwnedFd fd, pid_t owner);

  std::string path_;
  reactor::OwnedFd fd_;
  pid_t owner_;
};

}  // namespace appd::daemon
