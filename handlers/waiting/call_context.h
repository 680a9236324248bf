// What a handler that waits may ask for, by value, so that a coroutine can keep it.
//
// A handler that blocks has one as well, for deadline() and stop_token(): it has nothing to
// co_await in, and belongs to no loop.
//
// A call is over when it is answered, when its deadline passes (answered deadline_exceeded) or when
// its connection is gone. In the last two cases its stop token fires, its coroutine is destroyed at
// the point where it waits, and a late answer is dropped; each is counted. So an await below
// returns only while the call is still wanted.
#pragma once

#include <concepts>
#include <memory>
#include <optional>
#include <utility>

#include "appd/handlers/waiting/call_awaiters.h"
#include "appd/handlers/waiting/call_services.h"
#include "appd/handlers/waiting/event.h"
#include "appd/reactor/threads/stop_token.h"

namespace appd::handlers {

// Copies share one call. Any thread may copy, destroy and ask deadline() and stop_token(); all else
// is for the loop's thread, from within the handler's coroutine. Keep the context alive while a
// coroutine awaits something of it.
class CallContext {
 public:
  explicit CallContext(std::shared_ptr<CallServices> services) : services_(std::move(services)) {}

  // When the call will be answered deadline_exceeded: the caller's deadline-ms or the action's time
  // limit, whichever is earlier. nullopt: never. On the loop's clock.
  [[nodiscard]] std::optional<reactor::TimePoint> deadline() const { return services_->deadline(); }
  // Fires when the call is over: its deadline, disconnection, the end of a drain's time-out. For
  // work in other threads.
  [[nodiscard]] reactor::StopToken stop_token() const { return services_->stop_token(); }

  // The time of the loop's turn: of the server's clock, which in a simulated world is that world's.
  // Any thread; elsewhere than on the loop the clock is read.
  [[nodiscard]] reactor::TimePoint now() const { return services_->now(); }

  // co_await sleep(d): goes on after `duration`, not before.
  [[nodiscard]] auto sleep(reactor::Duration duration) const {
    return detail::SleepAwaiter(*services_, duration);
  }

  // auto happened = call.listen(e); co_await happened: goes on when `event` is notified, at once
  // where it was since listen(). Once.
  [[nodiscard]] auto listen(Event& event) const { return detail::Listening(*services_, event); }

  // auto work = call.offload(f); co_await work: runs f() in the pool and goes on here with its
  // result, as Result<T>; what f returned as a Result<T> comes as that. Throws what f threw.
  // Errors: overloaded, the pool's queue is full. `function` owns what it uses: it may still run
  // when the coroutine is gone.
  template <std::invocable Function>
  [[nodiscard]] auto offload(Function function) const {
    return detail::Offload<Function>(*services_, std::move(function));
  }

  // co_await call_action(r): another action of this server, within this call's deadline; gives a
  // Result<CallReply>. An error reply is that error, its text without "Error: ".
  [[nodiscard]] auto call_action(CallRequest request) const {
    return detail::CallAwaiter(
        [services = services_, request = std::move(request)](CallServices::CallDone done) mutable {
          return services->start_action(std::move(request), std::move(done));
        });
  }

  // co_await call(server, r): an action of another server, within this call's deadline; gives a
  // Result<CallReply>, errors as OutgoingCalls says.
  [[nodiscard]] auto call(protocol::Address server, CallRequest request) const {
    return detail::CallAwaiter([services = services_, server = std::move(server),
                                request = std::move(request)](CallServices::CallDone done) mutable {
      return services->start_call(server, std::move(request), std::move(done));
    });
  }

  [[nodiscard]] CallServices& services() const { return *services_; }

 private:
  std::shared_ptr<CallServices> services_;
};

}  // namespace appd::handlers
