// What a waiting call's handler holds: the right to answer the call, and what it may ask for
// meanwhile. Shared with coroutines, callbacks and the pool, it may outlive the call, the
// connection and the server. Any thread, where nothing else is said.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <thread>

#include "appd/handlers/waiting/call_services.h"
#include "appd/handlers/waiting/responder.h"
#include "appd/reactor/threads/lazy_stop_source.h"
#include "appd/servers/calls/call_home.h"
#include "appd/servers/calls/call_mailbox.h"

namespace appd::servers {

class Call;

class CallHandle final : public handlers::CallServices, public handlers::ReplySink {
 public:
  // Made on the loop's thread.
  explicit CallHandle(std::shared_ptr<const CallHome> home);

  // The call's own, on the loop's thread:
  // Before the handler gets this.
  void attach(Call& call, CallId id) {
    call_ = &call;
    id_ = id;
  }
  void set_deadline(std::optional<reactor::TimePoint> deadline) { deadline_ = deadline; }
  // The call is answered or no longer wanted.
  void detach() { call_ = nullptr; }
  // Fires the stop token.
  void request_stop() { stop_.request_stop(); }

  // The waits' own, on the loop's thread:
  // Goes on with `step`, of the call's own code, unless the call is over.
  void resume(const std::function<void()>& step);
  // Null: the call is over.
  [[nodiscard]] Call* call() const { return call_; }

  // Tells the call, on its loop's thread, unless it is over by then.
  void put(CallEvent event) noexcept;
  // Nobody waits any more for what is done for the call.
  [[nodiscard]] bool stop_requested() const { return stop_.stop_requested(); }
  [[nodiscard]] const std::shared_ptr<const CallHome>& home() const { return home_; }

  void complete(handlers::Reply&& reply) noexcept override;
  void drop() noexcept override;

  [[nodiscard]] std::optional<reactor::TimePoint> deadline() const override { return deadline_; }
  [[nodiscard]] reactor::StopToken stop_token() const override { return stop_.token(); }
  [[nodiscard]] reactor::TimePoint now() const override;
  [[nodiscard]] std::unique_ptr<handlers::Wait> start_sleep(reactor::Duration duration,
                                                            Done done) override;
  [[nodiscard]] std::unique_ptr<handlers::Wait> start_listening(handlers::Event& event,
                                                                Done done) override;
  [[nodiscard]] handlers::Result<std::unique_ptr<handlers::Wait>> start_offload(
      std::function<void()> work, Done done) override;
  [[nodiscard]] std::unique_ptr<handlers::Wait> start_action(handlers::CallRequest request,
                                                             CallDone done) override;
  [[nodiscard]] std::unique_ptr<handlers::Wait> start_call(const protocol::Address& server,
                                                           handlers::CallRequest request,
                                                           CallDone done) override;
  void run(handlers::AnsweringTask&& coroutine) override;

 private:
  void settle(CallEvent::Kind kind, handlers::Reply&& reply) noexcept;
  // The call; null: it is over, or this is not the loop's thread.
  [[nodiscard]] Call* on_loop() const;
  [[nodiscard]] std::unique_ptr<handlers::Wait> fail_soon(protocol::Error error, CallDone done);

  Call* call_ = nullptr;  // the loop's thread only
  const std::thread::id loop_thread_;
  CallId id_;
  const std::shared_ptr<const CallHome> home_;
  std::optional<reactor::TimePoint> deadline_;
  mutable reactor::LazyStopSource stop_;
};

}  // namespace appd::servers
