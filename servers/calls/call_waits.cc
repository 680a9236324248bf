#include "appd/servers/calls/call_waits.h"

#include <algorithm>
#include <new>
#include <utility>

#include "appd/handlers/dispatch.h"
#include "appd/handlers/failure.h"
#include "appd/servers/sessions/decoding_job.h"

namespace appd::servers {

using handlers::CallRequest;
using handlers::Reply;
using handlers::Request;
using handlers::Result;

namespace {

class OffloadJob final : public Job {
 public:
  OffloadJob(std::shared_ptr<CallState> state, std::shared_ptr<std::atomic<bool>> given_up,
             std::uint32_t number, std::function<void()> work)
      : state_(std::move(state)),
        given_up_(std::move(given_up)),
        number_(number),
        work_(std::move(work)) {}

  void run() noexcept override {
    CallEvent event{.call = state_->id(), .kind = CallEvent::Kind::kWorkDropped};
    if (!given_up_->load(std::memory_order_acquire)) {
      work_();
      event.kind = CallEvent::Kind::kWorkDone;
      event.wait = number_;
    }
    state_->mailbox().put(std::move(event));
  }

 private:
  const std::shared_ptr<CallState> state_;
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
  header.content_encoding = json ? std::string_view("utf-8") : protocol::kBinaryEncoding;
  header.content_length = request.content.size();
  header.action = request.action;
  return header;
}

}  // namespace

// Sleep ------------------------------------------------------------------------------------------

SleepWait::SleepWait(std::shared_ptr<CallState> state, reactor::EventLoop& loop,
                     reactor::Duration duration, std::function<void()> done)
    : state_(std::move(state)),
      done_(std::move(done)),
      timer_(reactor::Timer::calling<&SleepWait::on_timer>(loop.timers(), *this)) {
  // Longer than any server runs would overflow the clock.
  constexpr reactor::Duration kLongest = std::chrono::hours(24 * 365 * 10);
  timer_.arm(loop.now() + std::clamp(duration, reactor::Duration::zero(), kLongest));
}

// In all that follow: going on may destroy the wait, so what is still needed is on the stack.
void SleepWait::on_timer() {
  const auto done = std::move(done_);
  const auto state = state_;
  state->resume(done);
}

// Offload ----------------------------------------------------------------------------------------

OffloadWait::OffloadWait(std::shared_ptr<CallState> state, PendingCall& call,
                         std::function<void()> done)
    : state_(std::move(state)),
      given_up_(std::make_shared<std::atomic<bool>>(false)),
      number_(call.add_work(std::move(done))) {}

OffloadWait::~OffloadWait() {
  given_up_->store(true, std::memory_order_release);
  state_->remove_work(number_);
}

std::unique_ptr<Job> OffloadWait::make_job(std::function<void()> work) {
  return std::make_unique<OffloadJob>(state_, given_up_, number_, std::move(work));
}

// Another action ---------------------------------------------------------------------------------

ActionWait::ActionWait(std::shared_ptr<CallState> state, PendingCall& parent,
                       handlers::CallServices::CallDone done)
    : state_(std::move(state)),
      parent_(parent),
      done_(std::move(done)),
      answered_(
          reactor::Timer::calling<&ActionWait::finish>(parent.table().loop().timers(), *this)) {}

Result<void> ActionWait::call(const handlers::Action& action, const CallRequest& call_request) {
  const protocol::MessageHeader header = header_of(call_request);
  const bool large = call_request.content.size() > kLargeContentBytes;
  Request request;
  request.action = action.name;
  request.form = call_request.form;
  request.header = &header;
  request.source = parent_.terms().source;
  CallTable& table = parent_.table();
  if (large && table.pool() != nullptr) {
    request.form = Request::Form::kBinary;
    request.payload = std::as_bytes(std::span(call_request.content));
    start_child(handlers::decoding_action(), request);
    return {};
  }
  if (request.form == Request::Form::kBinary) {
    request.payload = std::as_bytes(std::span(call_request.content));
  } else if (!call_request.content.empty()) {
    const auto value = protocol::JsonView::parse(call_request.content);
    if (!value) return tl::unexpected(value.error());
    request.value = *value;
  }
  if (action.waits()) {
    start_child(action, request);
    return {};
  }
  const handlers::RunningCall::Scope scope(table.running(), action, parent_.terms().connection);
  handlers::call_handler(action.handler, request, reply_);
  answered_.arm(table.loop().now());
  return {};
}

void ActionWait::start_child(const handlers::Action& action, const Request& request) {
  CallTable& table = parent_.table();
  const reactor::TimePoint now = table.loop().now();
  PendingCall::Terms terms = parent_.terms();
  ++terms.depth;
  terms.begin = now;
  terms.deadline = earlier_deadline(terms.deadline, action.time_limit, now);
  child_ = std::make_unique<PendingCall>(table, static_cast<CallOwner&>(*this), state_->registry(),
                                         action, terms);
  const bool answered = &action == &handlers::decoding_action()
                            ? child_->start_decoding(request, reply_)
                            : child_->start(request, reply_);
  if (answered) answered_.arm(now);
}

void ActionWait::on_answered(PendingCall& /*call*/, Reply reply) {
  reply_ = std::move(reply);
  finish();
}

void ActionWait::finish() {
  auto result = call_reply(reply_);
  const auto done = std::move(done_);
  const auto state = state_;
  state->resume([&] { done(std::move(result)); });
}

}  // namespace appd::servers
