#include "appd/servers/calls/call_handle.h"

#include <new>
#include <utility>

#include "appd/servers/calls/call.h"
#include "appd/servers/calls/call_environment.h"
#include "appd/servers/calls/call_waits.h"

namespace appd::servers {

using handlers::CallRequest;
using handlers::Wait;
using protocol::Error;
using protocol::Status;

namespace {

Error too_deep() { return {make_error_code(Status::kInternal), "too many calls within calls"}; }

}  // namespace

CallHandle::CallHandle(std::shared_ptr<const CallHome> home)
    : loop_thread_(std::this_thread::get_id()), home_(std::move(home)) {}

Call* CallHandle::on_loop() const {
  return std::this_thread::get_id() == loop_thread_ ? call_ : nullptr;
}

reactor::TimePoint CallHandle::now() const {
  Call* const call = on_loop();
  return call != nullptr ? call->environment().loop().now() : reactor::steady_clock().now();
}

void CallHandle::resume(const std::function<void()>& step) {
  if (call_ == nullptr) return;
  try {
    call_->resume(step);
  } catch (const std::bad_alloc&) {  // for what the answer needs
    if (call_ != nullptr) call_->give_up();
  }
}

void CallHandle::put(CallEvent event) noexcept {
  event.call = id_;
  home_->mailbox->put(std::move(event));
}

void CallHandle::complete(handlers::Reply&& reply) noexcept {
  settle(CallEvent::Kind::kAnswer, std::move(reply));
}

void CallHandle::drop() noexcept { settle(CallEvent::Kind::kNoAnswer, dropped_reply()); }

void CallHandle::settle(CallEvent::Kind kind, handlers::Reply&& reply) noexcept {
  Call* const call = on_loop();
  if (call != nullptr && call->running()) {
    call->take_answer(std::move(reply));
  } else {
    put({.kind = kind, .reply = std::move(reply)});
  }
}

std::unique_ptr<Wait> CallHandle::start_sleep(reactor::Duration duration, Done done) {
  Call* const call = on_loop();
  if (call == nullptr) return nullptr;
  reactor::EventLoop& loop = call->environment().loop();
  if (duration <= reactor::Duration::zero()) {
    return std::make_unique<TurnWait>(call->handle(), loop, std::move(done));
  }
  return std::make_unique<SleepWait>(call->handle(), loop, duration, std::move(done));
}

std::unique_ptr<Wait> CallHandle::start_listening(handlers::Event& event, Done done) {
  Call* const call = on_loop();
  if (call == nullptr) return nullptr;
  return std::make_unique<EventWait>(call->handle(), *call, event, std::move(done));
}

handlers::Result<std::unique_ptr<Wait>> CallHandle::start_offload(std::function<void()> work,
                                                                  Done done) {
  Call* const call = on_loop();
  if (call == nullptr) return nullptr;
  auto wait = std::make_unique<OffloadWait>(call->handle(), *call, std::move(done));
  if (!call->environment().submit(wait->make_job(std::move(work)))) {
    return protocol::fail(Status::kOverloaded,
                          "too many requests wait for the worker pool; try again later");
  }
  return wait;
}

std::unique_ptr<Wait> CallHandle::fail_soon(Error error, CallDone done) {
  return start_sleep(reactor::Duration::zero(),
                     [error = std::move(error), done = std::move(done)]() mutable {
                       done(tl::unexpected(std::move(error)));
                     });
}

std::unique_ptr<Wait> CallHandle::start_action(CallRequest request, CallDone done) {
  Call* const call = on_loop();
  if (call == nullptr) return nullptr;
  if (call->terms().depth >= kMaxCallDepth) return fail_soon(too_deep(), std::move(done));
  const handlers::Action* action = home_->registry->find(request.action);
  if (action == nullptr) {
    return fail_soon(Error{make_error_code(Status::kInvalidAction),
                           "invalid action \"" + request.action + "\"."},
                     std::move(done));
  }
  auto wait = std::make_unique<ActionWait>(call->handle(), *call, std::move(done));
  if (auto called = wait->start(*action, request); !called) {
    return fail_soon(std::move(called.error()), wait->take_done());
  }
  return wait;
}

std::unique_ptr<Wait> CallHandle::start_call(const protocol::Address& server, CallRequest request,
                                             CallDone done) {
  Call* const call = on_loop();
  if (call == nullptr) return nullptr;
  if (call->terms().depth >= kMaxCallDepth) return fail_soon(too_deep(), std::move(done));
  handlers::OutgoingCalls* const outgoing = call->environment().parts().outgoing.get();
  if (outgoing == nullptr) {
    return fail_soon(Error{make_error_code(Status::kInternal),
                           "this server was built without calls to other servers"},
                     std::move(done));
  }
  const auto deadline = request.deadline_within(deadline_, call->environment().loop().now());
  return outgoing->start(
      server, std::move(request), {.deadline = deadline, .depth = call->terms().depth + 1},
      [handle = call->handle(),
       done = std::move(done)](handlers::Result<handlers::CallReply> reply) mutable {
        // `done` may destroy the wait, and with it this function.
        const auto kept = std::move(done);
        const auto here = handle;
        here->resume([&] { kept(std::move(reply)); });
      });
}

void CallHandle::run(handlers::AnsweringTask&& coroutine) {
  if (Call* const call = on_loop()) call->run(std::move(coroutine));
}

}  // namespace appd::servers
