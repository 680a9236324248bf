// What a call can wait for on its loop. Each gives itself up in its destructor.
#pragma once

#include <atomic>
#include <functional>
#include <memory>

#include "appd/handlers/waiting/call_services.h"
#include "appd/handlers/waiting/event.h"
#include "appd/reactor/event_loop.h"
#include "appd/reactor/threads/job_runner.h"
#include "appd/servers/calls/call.h"
#include "appd/servers/calls/call_handle.h"

namespace appd::servers {

class SleepWait final : public handlers::Wait {
 public:
  SleepWait(std::shared_ptr<CallHandle> handle, reactor::EventLoop& loop,
            reactor::Duration duration, std::function<void()> done);

 private:
  void on_timer();

  std::shared_ptr<CallHandle> handle_;
  std::function<void()> done_;
  reactor::Timer timer_;
};

// Only until the others of this turn had theirs: needs no place among the timers.
class TurnWait final : public handlers::Wait, private reactor::TurnEndSink {
 public:
  TurnWait(std::shared_ptr<CallHandle> handle, reactor::EventLoop& loop,
           std::function<void()> done);

 private:
  void on_turn_end() noexcept override;

  std::shared_ptr<CallHandle> handle_;
  std::function<void()> done_;
};

// An event that any thread may notify.
class EventWait final : public handlers::Wait, private handlers::Event::Listener {
 public:
  EventWait(std::shared_ptr<CallHandle> handle, Call& call, handlers::Event& event,
            std::function<void()> done);
  ~EventWait() override;

 private:
  void on_notified() noexcept override;

  const std::shared_ptr<CallHandle> handle_;
  handlers::Event& event_;
  const std::uint32_t number_;
};

// Work that the pool does.
class OffloadWait final : public handlers::Wait {
 public:
  OffloadWait(std::shared_ptr<CallHandle> handle, Call& call, std::function<void()> done);
  ~OffloadWait() override;

  // Once.
  [[nodiscard]] std::unique_ptr<reactor::Job> make_job(std::function<void()> work);

 private:
  const std::shared_ptr<CallHandle> handle_;
  const std::shared_ptr<std::atomic<bool>> given_up_;
  const std::uint32_t number_;
};

// Another action of the same server, within the call's own terms.
class ActionWait final : public handlers::Wait, private Call::Delegate {
 public:
  ActionWait(std::shared_ptr<CallHandle> handle, Call& parent,
             handlers::CallServices::CallDone done);

  // Once. Errors: invalid_content, a value that is no JSON.
  [[nodiscard]] handlers::Result<void> start(const handlers::Action& action,
                                             const handlers::CallRequest& request);
  [[nodiscard]] handlers::CallServices::CallDone take_done() { return std::move(done_); }

 private:
  void on_answered(Call& call, handlers::Reply&& reply) override;
  [[nodiscard]] Call& make_child(const handlers::CallRequest& request);
  void finish();

  const std::shared_ptr<CallHandle> handle_;
  Call& parent_;  // valid while handle_ says that the call is not over
  handlers::CallServices::CallDone done_;
  Call::Pointer child_;  // of an action that waits
  handlers::Reply reply_;
  reactor::Timer answered_;  // an answer that came within start() is told in the next turn
};

}  // namespace appd::servers
