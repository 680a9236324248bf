// One call of an action that waits or runs in the pool, from its start to its answer: its
// coroutine, its deadline, its name among the loop's calls. A large request is one call as well:
// first its content is decoded in the pool, then its action is called.
//
// It ends with its answer, with its deadline (answered deadline_exceeded), or by being destroyed
// because nobody waits for it any more. In the last two cases the stop token fires and the work is
// dropped: the coroutine is destroyed where it waits, what waits for the pool is not run, and an
// answer that comes later finds nobody (CallId). The loop's thread only; what other threads may
// hold of a call is its CallHandle.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string_view>

#include "appd/handlers/dispatch.h"
#include "appd/handlers/handler.h"
#include "appd/handlers/waiting/answering_task.h"
#include "appd/handlers/waiting/owned_request.h"
#include "appd/reactor/timer_queue.h"
#include "appd/servers/calls/call_environment.h"
#include "appd/servers/calls/call_handle.h"

namespace appd::servers {

class Call final {
 public:
  // Who made the call.
  class Delegate {
   public:
    // Once, never from within start(). May destroy the call.
    virtual void on_answered(Call& call, handlers::Reply&& reply) = 0;

   protected:
    ~Delegate() = default;
  };

  struct Terms {
    // nullopt: none. The action's own time limit may make it earlier.
    std::optional<reactor::TimePoint> deadline = {};
    reactor::TimePoint begin = {};           // of the request: what a time limit counts from
    std::uint64_t connection = 0;            // for logs
    handlers::PeerSource* source = nullptr;  // outlives the call
    int depth = 0;                           // of calls within calls
    bool counts = true;                      // in the limit of all calls
  };

  struct Destroy {
    void operator()(Call* call) const noexcept;
  };
  using Pointer = std::unique_ptr<Call, Destroy>;

  // In one piece of memory with its handle, which stays until nobody holds that any more. All but
  // `terms` outlive the call, and it keeps its home.
  [[nodiscard]] static Pointer make(CallEnvironment& environment, Delegate& delegate,
                                    std::shared_ptr<const CallHome> home, const Terms& terms);
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  // Calls `action`, one of the registry. Once. True: it is answered already, in
  // `reply`, and the delegate is not called.
  [[nodiscard]] bool start(const handlers::Action& action, const handlers::Request& request,
                           handlers::Reply& reply);
  // Likewise, of a large request: `raw`, whose payload is the whole content, goes to the pool,
  // which must be there (DecodingJob). `name`: what action_name() is as long as no action was
  // found.
  [[nodiscard]] bool start_decoding(handlers::OwnedRequest raw, std::string_view name,
                                    handlers::Reply& reply);

  // Likewise, of nobody's request: a conversation, which `begin` starts. `named` stands for it in
  // logs, and outlives the call.
  using Begin = std::function<void(handlers::CallContext context, handlers::Responder responder)>;
  [[nodiscard]] bool start_conversation(const handlers::Action& named, const Begin& begin,
                                        handlers::Reply& reply);

  // For logs. Of a large request the action that was found in it, once it was.
  [[nodiscard]] std::string_view action_name() const { return action_name_; }
  // It is in the pool, or on its way there, to be decoded: no wait, but work.
  [[nodiscard]] bool decoding() const { return action_ == &handlers::decoding_action(); }
  // With the deadline that counts.
  [[nodiscard]] const Terms& terms() const { return terms_; }
  [[nodiscard]] CallEnvironment& environment() const { return environment_; }

  // For CallHandle, CallEnvironment and what the call waits for. After resume(), on_event() and
  // give_up() the call may be gone.
  // Runs `step`, of the call's own code; if that answers the call, the delegate is told.
  void resume(const std::function<void()>& step);
  [[nodiscard]] bool running() const { return place_ != nullptr; }
  void run(handlers::AnsweringTask&& coroutine);
  [[nodiscard]] const std::shared_ptr<CallHandle>& handle() const { return handle_; }
  // From within resume() or start(). The first one counts.
  void take_answer(handlers::Reply&& reply) noexcept;
  void on_event(CallEvent event);
  // Without memory to go on: answered `internal`.
  void give_up();
  // Expects kWorkDone with the number that is returned, which calls `done`, once.
  std::uint32_t add_work(std::function<void()> done);
  void remove_work(std::uint32_t wait) { work_.erase(wait); }

 private:
  struct Block;
  Call(CallEnvironment& environment, Delegate& delegate, std::shared_ptr<CallHandle> handle,
       const Terms& terms);
  ~Call();

  // Each true: the reply says why it is not begun.
  [[nodiscard]] bool refuse_beyond_limit(handlers::Reply& reply);
  [[nodiscard]] bool refuse_without_pool(handlers::Reply& reply);
  // As start(), but for the limit of all calls.
  [[nodiscard]] bool begin(const handlers::Action& action, const handlers::Request& request,
                           handlers::Reply& reply);
  void arm_deadline();
  [[nodiscard]] handlers::Responder make_responder();
  // Runs `step`, and what follows from it. True: the call is answered, in `reply`.
  template <class Step>
  [[nodiscard]] bool run_step(handlers::Reply& reply, const Step& step);
  void on_work_done(std::uint32_t wait);
  void on_deadline();
  // `how` it ends, as it is counted.
  void end(Counter how);
  void answer(handlers::Reply&& reply);

  CallEnvironment& environment_;
  Delegate& delegate_;
  Terms terms_;
  const handlers::Action* action_ = nullptr;  // that is called; decoding_action() until it is found
  std::string_view action_name_;              // of the registry
  CallLimit::Permit permit_;
  CallEnvironment::Name name_;
  std::shared_ptr<CallHandle> handle_;
  handlers::AnsweringTask coroutine_;
  std::map<std::uint32_t, std::function<void()>> work_;
  std::uint32_t next_work_ = 0;
  reactor::Timer deadline_;
  handlers::Reply* place_ = nullptr;  // of an answer, while running
  bool answered_ = false;             // while running
  bool ended_ = false;
};

}  // namespace appd::servers
