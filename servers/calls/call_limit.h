// How many calls may wait for their answers over all sessions of a server (--max-calls). Shared by
// its loops; any thread.
#pragma once

#include <atomic>
#include <cstddef>
#include <utility>

#include "appd/reactor/memory/cache_line.h"

namespace appd::servers {

class alignas(reactor::kCacheLineBytes) CallLimit {
 public:
  explicit CallLimit(std::size_t limit) : limit_(limit) {}
  CallLimit(const CallLimit&) = delete;
  CallLimit& operator=(const CallLimit&) = delete;

  // For one call to wait, if one more may; given back by reset() or with this. Without a limit it
  // is granted.
  class Permit {
   public:
    explicit Permit(CallLimit* limit)
        : limit_(limit), granted_(limit == nullptr || limit->take()) {}
    Permit(const Permit&) = delete;
    Permit& operator=(const Permit&) = delete;
    ~Permit() { reset(); }
    [[nodiscard]] bool granted() const { return granted_; }
    void reset() {
      if (!std::exchange(granted_, false) || limit_ == nullptr) return;
      limit_->in_use_.fetch_sub(1, std::memory_order_relaxed);
    }

   private:
    CallLimit* limit_;
    bool granted_;
  };

  [[nodiscard]] std::size_t in_use() const { return in_use_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::size_t limit() const { return limit_; }

 private:
  [[nodiscard]] bool take() {
    if (in_use_.fetch_add(1, std::memory_order_relaxed) < limit_) return true;
    in_use_.fetch_sub(1, std::memory_order_relaxed);
    return false;
  }

  const std::size_t limit_;
  std::atomic<std::size_t> in_use_ = 0;
};

}  // namespace appd::servers
