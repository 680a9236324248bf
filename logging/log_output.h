// Where log lines go: a file, or standard error. Only the log's thread writes.
#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "appd/reactor/posix/owned_fd.h"
#include "appd/reactor/result.h"

namespace appd::logging {

// How long a standard error that takes nothing (a full pipe) may hold up the log's thread, once;
// after that, lines are lost without waiting until it takes bytes again.
inline constexpr std::chrono::milliseconds kStuckOutputWait{1000};

class LogOutput {
 public:
  // Empty `path`: standard error. /dev/stdout, /dev/stderr, /dev/fd/N and /proc/self/fd/N: that
  // descriptor, whatever it is, as it was when open() was called first. Else a file's name, which
  // must not be a symbolic link; those of its folder may be.
  explicit LogOutput(std::string path) : path_(std::move(path)) {}

  // Opens the file for appending, and uses it from the next line on. Any thread; blocks as long as
  // open(2) does. Errors: the system's; nothing changes then.
  [[nodiscard]] reactor::Result<void> open();

  // false: the line is lost, or a part of it; the next one begins on a line of its own.
  [[nodiscard]] bool write(std::string_view line);

 private:
  [[nodiscard]] std::shared_ptr<reactor::OwnedFd> file();
  [[nodiscard]] bool write_all(int fd, std::string_view bytes);
  [[nodiscard]] bool wait_writable(int fd);

  const std::string path_;
  std::mutex mutex_;                        // guards file_
  std::shared_ptr<reactor::OwnedFd> file_;  // shared with a write that is under way while reopening
  bool stuck_ = false;
  bool torn_ = false;  // the last line was written in part
};

}  // namespace appd::logging
