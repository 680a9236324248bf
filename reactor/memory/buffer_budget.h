// The memory that the buffers of all connections may hold together, and what their delegates keep
// for them (docs/protocol.md 5, --max-buffered). Counted is what arrived, never what was announced.
//
// Above the limit, reading stops on the connections that hold more than an equal share; the others
// go on. So that a full budget can never be a standstill, one connection at a time may read beyond
// it (the overdraft): the one that is nearest to complete, for one turn. Whoever wastes his turn
// comes behind all others the next time, and where the reserve is used up, too, he is refused. The
// memory taken so stays under limit + reserve + one message + one read a connection.
// Any thread.
#pragma once

#include <atomic>
#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>

#include "appd/reactor/clock.h"
#include "appd/reactor/memory/cache_line.h"

namespace appd::reactor {

class alignas(kCacheLineBytes) BufferBudget {
 public:
  // A turn of the overdraft: time to read what waits in a receive buffer many times over.
  static constexpr auto kTurn = std::chrono::milliseconds(50);
  // A turn that brought less is wasted.
  static constexpr std::size_t kTurnBytes = 16 * 1024;

  // The reserve is beyond the limit, for messages that were not complete within a turn.
  explicit BufferBudget(std::size_t limit_bytes, std::size_t reserve_bytes = 0)
      : limit_(limit_bytes), reserve_(reserve_bytes) {}
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

  // Whose turn is first: the smaller one.
  struct Claim {
    std::uint32_t wasted_turns = 0;
    std::size_t missing_bytes = 0;  // of the message under way
    auto operator<=>(const Claim&) const = default;
  };
  // Asked by a stopped connection that has something to read, again every retry(). true: it alone
  // may read beyond the limit until end_overdraft(), for kTurn at most. false: somebody else has
  // the turn, or asked lately and comes first.
  [[nodiscard]] bool begin_overdraft(Claim claim, TimePoint now);
  void end_overdraft();
  // The reserve is used up, too: a turn ends with a complete message, or ends the message.
  [[nodiscard]] bool exhausted() const {
    const std::size_t charged = charged_.load(std::memory_order_relaxed);
    return used() > charged && used() - charged > limit_ && used() - charged - limit_ > reserve_;
  }

  void count_stopped() { stopped_.fetch_add(1, std::memory_order_relaxed); }
  void count_resumed() { stopped_.fetch_sub(1, std::memory_order_relaxed); }
  [[nodiscard]] std::size_t stopped() const { return stopped_.load(std::memory_order_relaxed); }
  [[nodiscard]] Duration retry() const;  // how soon it looks again: later in a crowd
  // At most once a second over all callers: somebody may say that connections are stopped.
  [[nodiscard]] bool line_due(TimePoint now);
  [[nodiscard]] std::size_t used() const { return used_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::size_t limit() const { return limit_; }

 private:
  const std::size_t limit_;
  const std::size_t reserve_;
  std::atomic<std::size_t> used_ = 0;
  std::atomic<std::size_t> holders_ = 0;
  std::atomic<std::size_t> stopped_ = 0;
  std::atomic<TimePoint> next_line_ = TimePoint::min();

  std::mutex mutex_;        // guards what follows
  bool overdrawn_ = false;  // somebody has the turn
  Claim best_;              // of those who were refused lately
  TimePoint best_until_{};  // how long it counts without being made again
  friend class BudgetCharge;
  std::atomic<std::size_t> charged_ = 0;  // part of used_: soon given back, by nobody's reading
};

// Memory that is no connection's any more, or not yet, counted as long as this lives.
class BudgetCharge {
 public:
  BudgetCharge(std::shared_ptr<BufferBudget> budget, std::size_t bytes)
      : budget_(std::move(budget)), bytes_(bytes) {
    budget_->charged_.fetch_add(bytes_, std::memory_order_relaxed);
    budget_->change(0, bytes_);
  }
  BudgetCharge(const BudgetCharge&) = delete;
  BudgetCharge& operator=(const BudgetCharge&) = delete;
  ~BudgetCharge() {
    budget_->change(bytes_, 0);
    budget_->charged_.fetch_sub(bytes_, std::memory_order_relaxed);
  }

 private:
  const std::shared_ptr<BufferBudget> budget_;
  const std::size_t bytes_;
};

}  // namespace appd::reactor
