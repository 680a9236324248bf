// A file descriptor with one owner: closed when the owner goes.
#pragma once

#include <unistd.h>

#include <utility>

namespace appd::reactor {

using Descriptor = int;
inline constexpr Descriptor kNoDescriptor = -1;

class OwnedFd {
 public:
  OwnedFd() = default;
  explicit OwnedFd(Descriptor fd) : fd_(fd) {}
  OwnedFd(OwnedFd&& other) noexcept : fd_(other.release()) {}
  OwnedFd& operator=(OwnedFd&& other) noexcept {
    if (this != &other) reset(other.release());
    return *this;
  }
  ~OwnedFd() { reset(); }

  [[nodiscard]] Descriptor get() const { return fd_; }
  [[nodiscard]] bool valid() const { return fd_ != kNoDescriptor; }
  [[nodiscard]] Descriptor release() { return std::exchange(fd_, kNoDescriptor); }
  // close(2) is not repeated after EINTR: on Linux the descriptor is gone by then.
  void reset(Descriptor fd = kNoDescriptor) {
    if (fd_ != kNoDescriptor) ::close(fd_);
    fd_ = fd;
  }

 private:
  Descriptor fd_ = kNoDescriptor;
};

}  // namespace appd::reactor
