// The descriptors of an in-memory world: numbers, and what a poller sees behind them. One thread.
#pragma once

#include <map>

#include "reactor/owned_fd.h"

namespace appd::testing {

// The owner of a descriptor.
class MemorySource {
 public:
  [[nodiscard]] virtual bool readable() const = 0;
  [[nodiscard]] virtual bool writable() const = 0;

 protected:
  ~MemorySource() = default;
};

// Like the system's, gives out the lowest free number, so that a number comes back at once.
class MemoryDescriptors {
 public:
  // Beyond what the system gives to a test: one of these that gets into a system call is EBADF.
  static constexpr reactor::Descriptor kFirst = 1'000'000;

  // `source` calls remove() before it goes.
  [[nodiscard]] reactor::Descriptor add(const MemorySource& source) {
    reactor::Descriptor fd = kFirst;
    for (const auto& [used, owner] : sources_) {
      if (used != fd) break;
      ++fd;
    }
    sources_.emplace(fd, &source);
    return fd;
  }
  void remove(reactor::Descriptor fd) { sources_.erase(fd); }
  // Null: closed.
  [[nodiscard]] const MemorySource* find(reactor::Descriptor fd) const {
    const auto found = sources_.find(fd);
    return found == sources_.end() ? nullptr : found->second;
  }
  [[nodiscard]] std::size_t count() const { return sources_.size(); }

 private:
  std::map<reactor::Descriptor, const MemorySource*> sources_;
};

}  // namespace appd::testing
