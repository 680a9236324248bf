// One call of an action that waits or runs in the pool, from its start to its answer: its
// coroutine, its deadline, its name among the loop's calls.
//
// It ends with its answer, with its deadline (answered deadline_exceeded), or by being destroyed
// because nobody waits for it any more. In the last two cases the stop token fires and the work is
// dropped: the coroutine is destroyed where it waits, what waits for the pool is not run, and an
// answer that comes later finds nobody (CallId). The loop's thread only.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>

#include "handlers/handler.h"
#include "handlers/task.h"
#include "reactor/timer_queue.h"
#include "servers/call_state.h"
#include "servers/call_table.h"

namespace appd::servers {

class CallOwner {
 public:
  // Once, never from within PendingCall::start(). May destroy the call.
  virtual void on_answered(PendingCall& call, handlers::Reply reply) = 0;

 protected:
  ~CallOwner() = default;
};

// The earlier of `deadline` and `begin` + `time_limit` (0: none).
[[nodiscard]] std::optional<reactor::TimePoint> earlier_deadline(
    std::optional<reactor::TimePoint> deadline, std::chrono::milliseconds time_limit,
    reactor::TimePoint begin);

class PendingCall {
 public:
  struct Terms {
    std::optional<reactor::TimePoint> deadline = {};
    std::uint64_t connection = 0;            // for logs
    handlers::PeerSource* source = nullptr;  // outlives the call
    int depth = 0;                           // of calls within calls
    std::uint64_t tag = 0;                   // the owner's own
  };

  // `action` is of `registry`, and waits(). Table and owner outlive the call.
  PendingCall(CallTable& table, CallOwner& owner,
              std::shared_ptr<const handlers::Registry> registry, const handlers::Action& action,
              Terms terms);
  ~PendingCall();
  PendingCall(const PendingCall&) = delete;
  PendingCall& operator=(const PendingCall&) = delete;

  // Calls the action. True: it is answered already, in `reply`, and the owner is not called.
  [[nodiscard]] bool start(const handlers::Request& request, handlers::Reply& reply);

  [[nodiscard]] const handlers::Action& action() const { return action_; }
  [[nodiscard]] const Terms& terms() const { return terms_; }
  [[nodiscard]] CallTable& table() { return table_; }

  // For CallState and CallTable:
  // Runs `step`, of the call's own code; if that answers it, the owner is told, and the call may be
  // gone afterwards.
  void resume(const std::function<void()>& step);
  [[nodiscard]] bool running() const { return running_; }
  void run(handlers::Task<void> coroutine);
  // From within resume() or start().
  void take_answer(handlers::Reply reply);
  // From the mailbox. The call may be gone afterwards.
  void on_answer(handlers::Reply reply);
  void on_work_done(std::uint32_t wait);
  // A place for offloaded work; its number. `done` is called by on_work_done(), once.
  std::uint32_t add_work(std::function<void()> done);
  void remove_work(std::uint32_t wait) { work_.erase(wait); }

 private:
  [[nodiscard]] bool start_in_pool(const handlers::Request& request, handlers::Reply& reply);
  void call_waiting_handler(const handlers::Request& request);
  void run_step(const std::function<void()>& step);
  void on_deadline();
  // `how` it ends, as it is counted.
  void end(Counter how);
  void answer(handlers::Reply reply);

  CallTable& table_;
  CallOwner& owner_;
  const handlers::Action& action_;
  const Terms terms_;
  CallTable::Name name_;
  const std::shared_ptr<CallState> state_;
  handlers::Task<void> coroutine_;
  std::map<std::uint32_t, std::function<void()>> work_;
  std::uint32_t next_work_ = 0;
  std::optional<handlers::Reply> answer_;  // given while running
  reactor::Timer deadline_;
  bool running_ = false;
  bool ended_ = false;
};

}  // namespace appd::servers
