// What a waiting call's handler holds: its services and the place for its answer. Shared with
// coroutines, callbacks and the pool, it may outlive the call, the connection and the server.
#pragma once

#include <memory>
#include <optional>
#include <thread>

#include "appd/handlers/registry.h"
#include "appd/handlers/waiting/call_services.h"
#include "appd/handlers/waiting/responder.h"
#include "appd/reactor/threads/stop_token.h"
#include "appd/servers/calls/call_mailbox.h"

namespace appd::servers {

class PendingCall;

class CallState final : public handlers::CallServices,
                        public handlers::ReplySink,
                        public std::enable_shared_from_this<CallState> {
 public:
  // Made on the loop's thread. `registry` holds the handler that is called.
  CallState(PendingCall& call, CallId id, std::shared_ptr<CallMailbox> mailbox,
            std::shared_ptr<const handlers::Registry> registry,
            std::optional<reactor::TimePoint> deadline);

  // The call is answered or no longer wanted; the loop's thread only.
  void end() { call_ = nullptr; }
  // Fires the stop token.
  void request_stop() { stop_.request_stop(); }

  // Continues the call with `step`, unless it is over. The loop's thread only.
  void resume(const std::function<void()>& step);

  // The loop's thread only.
  void remove_work(std::uint32_t number);

  [[nodiscard]] CallId id() const { return id_; }
  [[nodiscard]] const std::shared_ptr<const handlers::Registry>& registry() const {
    return registry_;
  }
  [[nodiscard]] CallMailbox& mailbox() { return *mailbox_; }

  void complete(handlers::Reply reply) noexcept override;
  void drop() noexcept override;

  [[nodiscard]] std::optional<reactor::TimePoint> deadline() const override { return deadline_; }
  [[nodiscard]] reactor::StopToken stop_token() const override { return stop_.get_token(); }
  [[nodiscard]] std::unique_ptr<handlers::Wait> start_sleep(reactor::Duration duration,
                                                            Done done) override;
  [[nodiscard]] handlers::Result<std::unique_ptr<handlers::Wait>> start_offload(
      std::function<void()> work, Done done) override;
  [[nodiscard]] std::unique_ptr<handlers::Wait> start_action(handlers::CallRequest request,
                                                             CallDone done) override;
  [[nodiscard]] std::unique_ptr<handlers::Wait> start_call(const protocol::Address& server,
                                                           handlers::CallRequest request,
                                                           CallDone done) override;
  void run(handlers::Task<void> coroutine) override;

 private:
  void settle(CallEvent::Kind kind, handlers::Reply reply) noexcept;
  // The call; null: it is over, or this is not the loop's thread.
  [[nodiscard]] PendingCall* on_loop() const;
  [[nodiscard]] std::unique_ptr<handlers::Wait> fail_soon(protocol::Error error, CallDone done);

  PendingCall* call_;  // the loop's thread only
  const std::thread::id loop_thread_;
  const CallId id_;
  const std::shared_ptr<CallMailbox> mailbox_;
  const std::shared_ptr<const handlers::Registry> registry_;
  const std::optional<reactor::TimePoint> deadline_;
  reactor::StopSource stop_;
};

}  // namespace appd::servers
