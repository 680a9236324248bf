#include "appd/servers/calls/call.h"

#include <algorithm>
#include <array>
#include <new>
#include <utility>

#include "appd/handlers/failure.h"
#include "appd/handlers/waiting/call_context.h"
#include "appd/handlers/waiting/coroutine_handler.h"
#include "appd/handlers/waiting/owned_request.h"
#include "appd/reactor/check.h"
#include "appd/reactor/memory/block_store.h"
#include "appd/servers/calls/decoding_job.h"

namespace appd::servers {

using handlers::CallContext;
using handlers::OwnedRequest;
using handlers::Reply;
using handlers::Request;
using handlers::Responder;
using protocol::Status;

namespace {

// A call of an action that runs in the pool.
class ActionJob final : public reactor::Job {
 public:
  ActionJob(std::shared_ptr<CallHandle> handle, const handlers::Action& action,
            const Request& request)
      : handle_(std::move(handle)), action_(action), request_(request) {}

  void run() noexcept override {
    if (handle_->stop_requested()) {
      handle_->put({.kind = CallEvent::Kind::kWorkDropped});
      return;
    }
    Responder responder(handle_);
    if (action_.waiting_handler) {
      handlers::call_waiting_handler(action_.waiting_handler, *request_, CallContext(handle_),
                                     std::move(responder));
      return;
    }
    const CallContext context(handle_);
    Request request = *request_;
    request.context = &context;
    Reply reply;
    try {
      handlers::call_handler(action_.handler, request, reply);
    } catch (const std::bad_alloc&) {  // for an error reply
      reply.set_unanswered();
    }
    responder.reply(std::move(reply));
  }

 private:
  const std::shared_ptr<CallHandle> handle_;  // keeps the registry, and so the action
  const handlers::Action& action_;
  const OwnedRequest request_;
};

// The earlier of `deadline` and `begin` + `time_limit` (0: none).
std::optional<reactor::TimePoint> earlier_deadline(std::optional<reactor::TimePoint> deadline,
                                                   std::chrono::milliseconds time_limit,
                                                   reactor::TimePoint begin) {
  if (time_limit.count() == 0) return deadline;
  const reactor::TimePoint limit = begin + std::min(time_limit, protocol::kMaxDeadline);
  return deadline ? std::min(*deadline, limit) : limit;
}

}  // namespace

struct Call::Block {
  explicit Block(const std::shared_ptr<const CallHome>& home) : handle(home) {}
  CallHandle handle;
  alignas(Call) std::array<std::byte, sizeof(Call)> call;
};

Call::Pointer Call::make(CallEnvironment& environment, Delegate& delegate,
                         std::shared_ptr<const CallHome> home, const Terms& terms) {
  auto block = std::allocate_shared<Block>(reactor::BlockAllocator<Block>(), std::move(home));
  void* const place = block->call.data();
  CallHandle* const handle = &block->handle;
  return Pointer(new (place) Call(environment, delegate, {std::move(block), handle}, terms));
}

void Call::Destroy::operator()(Call* call) const noexcept {
  if (!call->ended_) call->end(Counter::kCallsDropped);
  const std::shared_ptr<CallHandle> memory = std::move(call->handle_);
  call->~Call();
}

Call::Call(CallEnvironment& environment, Delegate& delegate, std::shared_ptr<CallHandle> handle,
           const Terms& terms)
    : environment_(environment),
      delegate_(delegate),
      terms_(terms),
      permit_(terms.counts ? &environment.parts().limit : nullptr),
      name_(environment, *this),
      handle_(std::move(handle)),
      deadline_(reactor::Timer::calling<&Call::on_deadline>(environment.loop().timers(), *this)) {
  handle_->attach(*this, name_.id());
  environment_.count(Counter::kCallsBegun);
}

Call::~Call() { APPD_CHECK(!running() && ended_, action_name_); }

// The name goes first: what the stop token wakes up may answer at once, which is late already.
void Call::end(Counter how) {
  ended_ = true;
  environment_.count(how);
  deadline_.cancel();
  handle_->detach();
  name_.reset();
  permit_.reset();
  handle_->request_stop();
  coroutine_.reset();
}

// Its start --------------------------------------------------------------------------------------

bool Call::refuse_beyond_limit(Reply& reply) {
  if (permit_.granted()) return false;
  environment_.count(Counter::kCallLimit);
  reply.set_error(Status::kOverloaded, "too many requests wait for their answers; try again later");
  end(Counter::kCallsAnswered);
  return true;
}

bool Call::refuse_without_pool(Reply& reply) {
  reply.set_error(Status::kOverloaded,
                  "too many requests wait for the worker pool; try again later");
  end(Counter::kCallsAnswered);
  return true;
}

void Call::arm_deadline() {
  handle_->set_deadline(terms_.deadline);
  if (terms_.deadline) deadline_.arm(*terms_.deadline);
}

bool Call::start(const handlers::Action& action, const Request& request, Reply& reply) {
  action_name_ = action.name;
  return refuse_beyond_limit(reply) || begin(action, request, reply);
}

bool Call::begin(const handlers::Action& action, const Request& request, Reply& reply) {
  action_ = &action;
  action_name_ = action.name;
  terms_.deadline = earlier_deadline(terms_.deadline, action.time_limit, terms_.begin);
  arm_deadline();
  if (action.runs_in_pool) {
    const bool taken = environment_.submit(std::make_unique<ActionJob>(handle_, action, request));
    return taken ? false : refuse_without_pool(reply);
  }
  if (!action.waits()) {
    const handlers::RunningCall::Scope scope(environment_.parts().running, action,
                                             terms_.connection);
    handlers::call_handler(action.handler, request, reply);
    end(Counter::kCallsAnswered);
    return true;
  }
  const bool answered = run_step(reply, [&] {
    handlers::call_waiting_handler(action.waiting_handler, request, CallContext(handle_),
                                   make_responder());
  });
  if (answered) end(Counter::kCallsAnswered);
  return answered;
}

bool Call::start_decoding(OwnedRequest raw, std::string_view name, Reply& reply) {
  action_ = &handlers::decoding_action();
  action_name_ = name;
  if (refuse_beyond_limit(reply)) return true;
  arm_deadline();
  const CallEnvironment::Parts& parts = environment_.parts();
  const bool taken = environment_.submit(
      std::make_unique<DecodingJob>(handle_, std::move(raw), parts.max_nesting, parts.budget));
  return taken ? false : refuse_without_pool(reply);
}

bool Call::start_conversation(const handlers::Action& named, const Begin& begin, Reply& reply) {
  action_ = &named;
  action_name_ = named.name;
  const bool answered = run_step(reply, [&] { begin(CallContext(handle_), Responder(handle_)); });
  if (answered) end(Counter::kCallsAnswered);
  return answered;
}

// The call goes on -------------------------------------------------------------------------------

// A coroutine's stays with the call (run()), and so need not hold the handle.
Responder Call::make_responder() {
  if (!handlers::is_coroutine(action_->waiting_handler)) return Responder(handle_);
  return Responder(std::shared_ptr<CallHandle>(std::shared_ptr<void>(), handle_.get()));
}

template <class Step>
bool Call::run_step(Reply& reply, const Step& step) {
  APPD_CHECK(!running(), action_name_);
  const handlers::RunningCall::Scope scope(environment_.parts().running, *action_,
                                           terms_.connection);
  place_ = &reply;
  try {
    step();
  } catch (...) {  // no memory for an error reply
    place_ = nullptr;
    throw;
  }
  if (coroutine_.done()) coroutine_.answer(reply);
  place_ = nullptr;
  if (coroutine_.done()) coroutine_.reset();
  return answered_;
}

void Call::resume(const std::function<void()>& step) {
  Reply reply;
  if (run_step(reply, step)) answer(std::move(reply));
}

void Call::run(handlers::AnsweringTask&& coroutine) {
  APPD_CHECK(!coroutine_.valid(), action_name_);
  coroutine_ = std::move(coroutine);
  if (running()) {
    coroutine_.start();
  } else {
    resume([this] { coroutine_.start(); });
  }
}

std::uint32_t Call::add_work(std::function<void()> done) {
  work_.emplace(next_work_, std::move(done));
  return next_work_++;
}

void Call::on_event(CallEvent event) {
  if (!event.action.empty()) action_name_ = event.action;
  if (event.kind == CallEvent::Kind::kWorkDone) {
    on_work_done(event.wait);
  } else if (event.kind == CallEvent::Kind::kDecoded) {
    Reply reply;
    Request request = *event.decoded->request;
    request.source = terms_.source;
    if (begin(event.decoded->action, request, reply)) answer(std::move(reply));
  } else {
    answer(std::move(event.reply));
  }
}

void Call::on_work_done(std::uint32_t wait) {
  const auto found = work_.find(wait);
  if (found == work_.end()) return;  // given up
  const auto done = std::move(found->second);
  work_.erase(found);
  resume(done);
}

// Its answer -------------------------------------------------------------------------------------

void Call::take_answer(Reply&& reply) noexcept {
  if (!answered_ && &reply != place_) *place_ = std::move(reply);
  answered_ = true;
}

void Call::give_up() {
  Reply reply;
  reply.set_unanswered();
  answer(std::move(reply));
}

void Call::on_deadline() {
  environment_.count(Counter::kDeadlineExceeded);
  Reply reply;
  try {
    reply.set_error(Status::kDeadlineExceeded, "the action was not done before its deadline");
  } catch (const std::bad_alloc&) {  // the delegate answers what is not filled, or cuts
  }
  if (!ended_) end(Counter::kCallsDropped);
  answer(std::move(reply));
}

void Call::answer(Reply&& reply) {
  if (!ended_) end(Counter::kCallsAnswered);
  delegate_.on_answered(*this, std::move(reply));
}

}  // namespace appd::servers
