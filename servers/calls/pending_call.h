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
#include <string_view>

#include "appd/handlers/handler.h"
#include "appd/handlers/waiting/task.h"
#include "appd/reactor/timer_queue.h"
#include "appd/servers/calls/call_state.h"
#include "appd/servers/calls/call_table.h"

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

class PendingCall final : private CallOwner {
 public:
  struct Terms {
    std::optional<reactor::TimePoint> deadline = {};
    std::uint64_t connection = 0;            // for logs
    handlers::PeerSource* source = nullptr;  // outlives the call
    int depth = 0;                           // of calls within calls
    std::uint64_t tag = 0;                   // the owner's own
    reactor::TimePoint begin = {};           // of the request: what a time limit counts from
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
  // Instead, of a call whose action is decoding_action(): `raw`, a large request whose payload is
  // the whole content, goes to the pool (DecodingJob), which must be there.
  [[nodiscard]] bool start_decoding(const handlers::Request& raw, handlers::Reply& reply);

  [[nodiscard]] const handlers::Action& action() const { return action_; }
  // For logs: of a large request the action that was found in it, once it was.
  [[nodiscard]] std::string_view action_name() const { return action_name_; }
  // It is in the pool, or on its way there, to be decoded: no wait, but work.
  [[nodiscard]] bool decoding() const { return decoding_; }
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
  // Of a large request: calls its action, one that waits.
  void on_decoded(const DecodedCall& decoded);
  void note_action(std::string_view name) { action_name_ = name; }
  // Without memory to go on: answered `internal`.
  void give_up();
  // A place for offloaded work; its number. `done` is called by on_work_done(), once.
  std::uint32_t add_work(std::function<void()> done);
  void remove_work(std::uint32_t wait) { work_.erase(wait); }

 private:
  void on_answered(PendingCall& call, handlers::Reply reply) override;
  // True: there is no room for it, which is the answer.
  [[nodiscard]] bool refused(handlers::Reply& reply);
  [[nodiscard]] bool refuse_without_pool(handlers::Reply& reply);
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
  std::string_view action_name_;
  CallLimit::Place place_;
  CallTable::Name name_;
  const std::shared_ptr<CallState> state_;
  handlers::Task<void> coroutine_;
  std::map<std::uint32_t, std::function<void()>> work_;
  std::uint32_t next_work_ = 0;
  std::unique_ptr<PendingCall> child_;     // of a large request, once its action is called
  std::optional<handlers::Reply> answer_;  // given while running
  reactor::Timer deadline_;
  bool running_ = false;
  bool ended_ = false;
  bool decoding_ = false;
};

}  // namespace appd::servers
