// The memory that the buffers of all connections may hold together, and what their delegates keep
// for them (docs/protocol.md 5, --max-buffered).
//
// Above the limit, reading stops on the connections that hold more than an equal share; the others
// go on. So that a full budget can never be a standstill, one connection at a time may read beyond
// it (the overdraft): the bytes stay under limit + one message + one read a connection, the memory
// taken for them, which a growing buffer doubles, under twice that.
// Any thread.
#pragma once

#include <atomic>
#include <cstddef>

#include "reactor/cache_line.h"

namespace appd::reactor {

class alignas(kCacheLineBytes) BufferBudget {
 public:
  explicit BufferBudget(std::size_t limit_bytes) : limit_(limit_bytes) {}
  BufferBudget(const BufferBudget&) = delete;
  BufferBudget& operator=(const BufferBudget&) = delete;

  // A connection's holding went from `before` to `after` bytes.
  void change(std::size_t before, std::size_t after) {
    if (before == 0 && after > 0) holders_.fetch_add(1, std::memory_order_relaxed);
    if (before > 0 && after == 0) holders_.fetch_sub(1, std::memory_order_relaxed);
    used_.fetch_add(after - before, std::memory_order_relaxed);  // wraps to a subtraction
  }

  // May a connection that holds `held` bytes read more?
  [[nodiscard]] bool allows(std::size_t held) const {
    // One that holds nothing holds no more than its share. It is the usual one, and does not look
    // at what other loops write.
    if (held == 0 || used() <= limit_) return true;
    const std::size_t holders = holders_.load(std::memory_order_relaxed);
    return held <= limit_ / (holders == 0 ? 1 : holders);
  }

  // true: the caller alone may read beyond the limit until it calls end_overdraft().
  [[nodiscard]] bool begin_overdraft() { return !overdrawn_.exchange(true); }
  void end_overdraft() { overdrawn_.store(false); }

  [[nodiscard]] std::size_t used() const { return used_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::size_t limit() const { return limit_; }

 private:
  const std::size_t limit_;
  std::atomic<std::size_t> used_ = 0;
  std::atomic<std::size_t> holders_ = 0;
  std::atomic<bool> overdrawn_ = false;
};

}  // namespace appd::reactor
