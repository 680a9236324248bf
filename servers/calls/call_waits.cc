#include "appd/servers/calls/call_waits.h"

#include <algorithm>
#include <new>
#include <utility>

#include "appd/handlers/dispatch.h"
#include "appd/handlers/failure.h"
#include "appd/servers/calls/call_environment.h"
#include "appd/servers/calls/decoding_job.h"

namespace appd::servers {

using handlers::CallRequest;
using handlers::Reply;
using handlers::Request;
using handlers::Result;

namespace {

class OffloadJob final : public reactor::Job {
 public:
  OffloadJob(std::shared_ptr<CallHandle> handle, std::shared_ptr<std::atomic<bool>> given_up,
             std::uint32_t number, std::function<void()> work)
      : handle_(std::move(handle)),
        given_up_(std::move(given_up)),
        number_(number),
        work_(std::move(work)) {}

  void run() noexcept override {
    if (given_up_->load(std::memory_order_acquire)) {
      handle_->put({.kind = CallEvent::Kind::kWorkDropped});
      return;
    }
    work_();
    handle_->put({.kind = CallEvent::Kind::kWorkDone, .wait = number_});
  }

 private:
  const std::shared_ptr<CallHandle> handle_;
  const std::shared_ptr<std::atomic<bool>> given_up_;
  const std::uint32_t number_;
  const std::function<void()> work_;
};

Result<handlers::CallReply> call_reply(const Reply& reply) {
  try {
    return handlers::to_call_reply(reply);
  } catch (const std::bad_alloc&) {
    return protocol::fail(protocol::Status::kInternal, {});
  }
}

protocol::MessageHeader header_of(const CallRequest& request) {
  const bool json = request.form == Request::Form::kJson;
  protocol::MessageHeader header;
  header.content_type = json ? protocol::kJsonContentType : protocol::kClientBinaryType;
  header.content_encoding = json ? protocol::kUtf8Encoding : protocol::kBinaryEncoding;
  header.content_length = request.content.size();
  header.action = request.action;
  return header;
}

}  // namespace

// Sleep ------------------------------------------------------------------------------------------

SleepWait::SleepWait(std::shared_ptr<CallHandle> handle, reactor::EventLoop& loop,
                     reactor::Duration duration, std::function<void()> done)
    : handle_(std::move(handle)),
      done_(std::move(done)),
      timer_(reactor::Timer::calling<&SleepWait::on_timer>(loop.timers(), *this)) {
  // Longer than any server runs would overflow the clock.
  constexpr reactor::Duration kLongest = std::chrono::hours(24 * 365 * 10);
  timer_.arm(loop.now() + std::clamp(duration, reactor::Duration::zero(), kLongest));
}

// In all that follow: going on may destroy the wait, so what is still needed is on the stack.
void SleepWait::on_timer() {
  const auto done = std::move(done_);
  const auto handle = std::move(handle_);
  handle->resume(done);
}

TurnWait::TurnWait(std::shared_ptr<CallHandle> handle, reactor::EventLoop& loop,
                   std::function<void()> done)
    : handle_(std::move(handle)), done_(std::move(done)) {
  loop.after_timers().add(*this);
}

void TurnWait::on_turn_end() noexcept {
  const auto done = std::move(done_);
  const auto handle = std::move(handle_);
  handle->resume(done);
}

// An event ---------------------------------------------------------------------------------------

EventWait::EventWait(std::shared_ptr<CallHandle> handle, Call& call, handlers::Event& event,
                     std::function<void()> done)
    : handle_(std::move(handle)), event_(event), number_(call.add_work(std::move(done))) {
  event_.add(*this);
}

EventWait::~EventWait() {
  event_.remove(*this);
  if (Call* const call = handle_->call()) call->remove_work(number_);
}

void EventWait::on_notified() noexcept {
  handle_->put({.kind = CallEvent::Kind::kWorkDone, .wait = number_});
}

// Offload ----------------------------------------------------------------------------------------

OffloadWait::OffloadWait(std::shared_ptr<CallHandle> handle, Call& call, std::function<void()> done)
    : handle_(std::move(handle)),
      given_up_(std::make_shared<std::atomic<bool>>(false)),
      number_(call.add_work(std::move(done))) {}

OffloadWait::~OffloadWait() {
  given_up_->store(true, std::memory_order_release);
  if (Call* const call = handle_->call()) call->remove_work(number_);
}

std::unique_ptr<reactor::Job> OffloadWait::make_job(std::function<void()> work) {
  return std::make_unique<OffloadJob>(handle_, given_up_, number_, std::move(work));
}

// Another action ---------------------------------------------------------------------------------

ActionWait::ActionWait(std::shared_ptr<CallHandle> handle, Call& parent,
                       handlers::CallServices::CallDone done)
    : handle_(std::move(handle)),
      parent_(parent),
      done_(std::move(done)),
      answered_(reactor::Timer::calling<&ActionWait::finish>(parent.environment().loop().timers(),
                                                             *this)) {}

Result<void> ActionWait::start(const handlers::Action& action, const CallRequest& call_request) {
  const CallEnvironment& environment = parent_.environment();
  const protocol::MessageHeader header = header_of(call_request);
  Request request{.action = action.name,
                  .form = call_request.form,
                  .header = &header,
                  .source = parent_.terms().source};
  const std::span<const std::byte> content = std::as_bytes(std::span(call_request.content));
  bool answered = true;
  if (content.size() > kLargeContentBytes && environment.parts().pool != nullptr) {
    request.form = Request::Form::kBinary;
    request.payload = content;
    answered = make_child(call_request)
                   .start_decoding(handlers::OwnedRequest(request), action.name, reply_);
  } else {
    if (request.form == Request::Form::kBinary) {
      request.payload = content;
    } else if (!call_request.content.empty()) {
      const auto value = protocol::JsonView::parse(call_request.content);
      if (!value) return tl::unexpected(value.error());
      request.value = *value;
    }
    if (action.waits()) {
      answered = make_child(call_request).start(action, request, reply_);
    } else {
      const handlers::RunningCall::Scope scope(environment.parts().running, action,
                                               parent_.terms().connection);
      handlers::call_handler(action.handler, request, reply_);
    }
  }
  if (answered) answered_.arm(environment.loop().now());
  return {};
}

Call& ActionWait::make_child(const CallRequest& request) {
  Call::Terms terms = parent_.terms();
  ++terms.depth;
  terms.counts = true;
  terms.begin = parent_.environment().loop().now();
  terms.deadline = request.deadline_within(terms.deadline, terms.begin);
  child_ = Call::make(parent_.environment(), static_cast<Call::Delegate&>(*this), handle_->home(),
                      terms);
  return *child_;
}

void ActionWait::on_answered(Call& /*call*/, Reply&& reply) {
  reply_ = std::move(reply);
  finish();
}

void ActionWait::finish() {
  auto result = call_reply(reply_);
  const auto done = std::move(done_);
  const auto handle = handle_;
  handle->resume([&] { done(std::move(result)); });
}

}  // namespace appd::servers
