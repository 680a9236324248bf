// How many connections there may be: in all, and from one peer. Shared by the loops of a server;
// any thread.
#pragma once

#include <atomic>
#include <cstddef>
#include <map>
#include <mutex>
#include <string>

#include "appd/reactor/memory/cache_line.h"

namespace appd::servers {

// --max-connections. A place is taken before each accept and given back where there was nobody to
// accept, so that the limit is never exceeded and whoever is above it stays in the kernel's
// backlog.
class alignas(reactor::kCacheLineBytes) ConnectionLimit {
 public:
  explicit ConnectionLimit(std::size_t limit) : limit_(limit) {}

  // false: the caller stops accepting, and some later release() says that loops should look again.
  [[nodiscard]] bool try_acquire();
  // true: somebody was refused since.
  [[nodiscard]] bool release();

  [[nodiscard]] std::size_t in_use() const { return in_use_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::size_t limit() const { return limit_; }

 private:
  const std::size_t limit_;
  std::atomic<std::size_t> in_use_ = 0;
  std::atomic<bool> refused_ = false;
};

// --max-connections-per-peer, by the peer's address without its port.
class PeerLimit {
 public:
  // 0: no limit; then nothing is counted.
  explicit PeerLimit(std::size_t limit) : limit_(limit) {}

  [[nodiscard]] bool enabled() const { return limit_ > 0; }
  [[nodiscard]] bool try_acquire(const std::string& peer);
  void release(const std::string& peer);

 private:
  const std::size_t limit_;
  std::mutex mutex_;
  std::map<std::string, std::size_t> counts_;  // guarded by mutex_; as many as there are peers
};

}  // namespace appd::servers
