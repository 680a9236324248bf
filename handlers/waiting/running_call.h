// Which action a loop's thread is in, for a watchdog in another thread: what blocks a loop is named
// while it still blocks. Costs a loop a few plain stores a call, and never a look at a clock.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>

#include "appd/handlers/handler.h"

namespace appd::handlers {

// Written by one thread, read by any.
class RunningCall {
 public:
  struct Snapshot {
    const Action* action;  // valid as long as its registry
    std::uint64_t connection;
    std::uint64_t count;  // of calls so far: tells two calls of one action apart
  };

  // Within the scope, the thread is in `action`, for a connection, which is a number for logs.
  // Scopes may nest; the outer one is named again when the inner ends.
  class Scope {
   public:
    Scope(RunningCall& running, const Action& action, std::uint64_t connection)
        : running_(running),
          outer_action_(running.action_.load(std::memory_order_relaxed)),
          outer_connection_(running.connection_.load(std::memory_order_relaxed)) {
      running.connection_.store(connection, std::memory_order_relaxed);
      running.enter(&action);
    }
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;
    ~Scope() {
      running_.action_.store(outer_action_, std::memory_order_relaxed);
      running_.connection_.store(outer_connection_, std::memory_order_relaxed);
    }

   private:
    RunningCall& running_;
    const Action* const outer_action_;
    const std::uint64_t outer_connection_;
  };

  // Calls so far. Any thread.
  [[nodiscard]] std::uint64_t count() const { return count_.load(std::memory_order_relaxed); }

  // Any thread. nullopt: in no action.
  [[nodiscard]] std::optional<Snapshot> now() const {
    const std::uint64_t count = count_.load(std::memory_order_acquire);
    const Action* action = action_.load(std::memory_order_relaxed);
    if (action == nullptr) return std::nullopt;
    return Snapshot{action, connection_.load(std::memory_order_relaxed), count};
  }

 private:
  void enter(const Action* action) {
    action_.store(action, std::memory_order_relaxed);
    count_.store(count_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
  }

  std::atomic<const Action*> action_ = nullptr;
  std::atomic<std::uint64_t> connection_ = 0;
  std::atomic<std::uint64_t> count_ = 0;
};

}  // namespace appd::handlers
