#include "appd/servers/calls/pending_call.h"

#include <algorithm>
#include <new>
#include <utility>

#include "appd/handlers/failure.h"
#include "appd/handlers/waiting/call_context.h"
#include "appd/handlers/waiting/owned_request.h"
#include "appd/reactor/check.h"
#include "appd/servers/sessions/decoding_job.h"

namespace appd::servers {

using handlers::CallContext;
using handlers::OwnedRequest;
using handlers::Reply;
using handlers::Request;
using handlers::Responder;
using protocol::Status;

namespace {

// A call of an action that runs in the pool.
class ActionJob final : public Job {
 public:
  ActionJob(std::shared_ptr<CallState> state, const handlers::Action& action,
            const Request& request)
      : state_(std::move(state)), action_(action), request_(request) {}

  void run() noexcept override {
    if (state_->stop_token().stop_requested()) {
      state_->mailbox().put({.call = state_->id(), .kind = CallEvent::Kind::kWorkDropped});
      return;
    }
    Responder responder(state_);
    if (action_.waiting_handler) {
      handlers::call_waiting_handler(action_.waiting_handler, *request_, CallContext(state_),
                                     std::move(responder));
      return;
    }
    const CallContext context(state_);
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
  const std::shared_ptr<CallState> state_;  // keeps the registry, and so the action
  const handlers::Action& action_;
  const OwnedRequest request_;
};

}  // namespace

std::optional<reactor::TimePoint> earlier_deadline(std::optional<reactor::TimePoint> deadline,
                                                   std::chrono::milliseconds time_limit,
                                                   reactor::TimePoint begin) {
  if (time_limit.count() == 0) return deadline;
  const reactor::TimePoint limit = begin + std::min(time_limit, protocol::kMaxDeadline);
  return deadline ? std::min(*deadline, limit) : limit;
}

PendingCall::PendingCall(CallTable& table, CallOwner& owner,
                         std::shared_ptr<const handlers::Registry> registry,
                         const handlers::Action& action, Terms terms)
    : table_(table),
      owner_(owner),
      action_(action),
      terms_(terms),
      action_name_(action.name),
      place_(table.resources().limit),
      name_(table, *this),
      state_(std::make_shared<CallState>(*this, name_.id(), table.mailbox(), std::move(registry),
                                         terms.deadline)),
      deadline_(reactor::Timer::calling<&PendingCall::on_deadline>(table.loop().timers(), *this)) {
  table_.metrics().add(Counter::kCallsBegun);
}

PendingCall::~PendingCall() {
  APPD_CHECK(!running_, action_.name);
  if (!ended_) end(Counter::kCallsDropped);
}

// The name goes first: what the stop token wakes up may answer at once, which is late already.
void PendingCall::end(Counter how) {
  ended_ = true;
  table_.metrics().add(how);
  deadline_.cancel();
  state_->end();
  name_.reset();
  place_.reset();
  state_->request_stop();
  coroutine_.reset();
  child_.reset();
}

bool PendingCall::refused(Reply& reply) {
  if (place_.taken()) return false;
  table_.metrics().add(Counter::kCallLimit);
  reply.set_error(Status::kOverloaded, "too many requests wait for their answers; try again later");
  end(Counter::kCallsAnswered);
  return true;
}

bool PendingCall::start(const Request& request, Reply& reply) {
  if (refused(reply)) return true;
  if (terms_.deadline) deadline_.arm(*terms_.deadline);
  if (action_.runs_in_pool) return start_in_pool(request, reply);
  run_step([&] { call_waiting_handler(request); });
  if (!answer_) return false;
  reply = std::move(*answer_);
  end(Counter::kCallsAnswered);
  return true;
}

bool PendingCall::start_in_pool(const Request& request, Reply& reply) {
  JobRunner* pool = table_.pool();
  if (pool != nullptr && pool->submit(std::make_unique<ActionJob>(state_, action_, request))) {
    return false;
  }
  return refuse_without_pool(reply);
}

bool PendingCall::refuse_without_pool(Reply& reply) {
  table_.metrics().add(Counter::kPoolFull);
  reply.set_error(Status::kOverloaded,
                  "too many requests wait for the worker pool; try again later");
  end(Counter::kCallsAnswered);
  return true;
}

// A large request --------------------------------------------------------------------------------

bool PendingCall::start_decoding(const Request& raw, Reply& reply) {
  if (refused(reply)) return true;
  if (terms_.deadline) deadline_.arm(*terms_.deadline);
  const CallResources& resources = table_.resources();
  decoding_ = resources.pool->submit(std::make_unique<DecodingJob>(
      state_, OwnedRequest(raw), resources.max_nesting, resources.budget));
  return decoding_ ? false : refuse_without_pool(reply);
}

void PendingCall::on_decoded(const DecodedCall& decoded) {
  decoding_ = false;
  Terms terms = terms_;
  terms.deadline = earlier_deadline(terms_.deadline, decoded.action.time_limit, terms_.begin);
  child_ = std::make_unique<PendingCall>(table_, static_cast<CallOwner&>(*this), state_->registry(),
                                         decoded.action, terms);
  Reply reply;
  if (child_->start(*decoded.request, reply)) answer(std::move(reply));
}

void PendingCall::on_answered(PendingCall& /*call*/, Reply reply) { answer(std::move(reply)); }

// ------------------------------------------------------------------------------------------------

void PendingCall::give_up() {
  Reply reply;
  reply.set_unanswered();
  answer(std::move(reply));
}

void PendingCall::call_waiting_handler(const Request& request) {
  handlers::call_waiting_handler(action_.waiting_handler, request, CallContext(state_),
                                 Responder(state_));
}

void PendingCall::run_step(const std::function<void()>& step) {
  APPD_CHECK(!running_, action_.name);
  const handlers::RunningCall::Scope scope(table_.running(), action_, terms_.connection);
  running_ = true;
  try {
    step();
  } catch (...) {  // no memory for an error reply
    running_ = false;
    throw;
  }
  running_ = false;
  if (coroutine_.done()) coroutine_.reset();
}

void PendingCall::resume(const std::function<void()>& step) {
  run_step(step);
  if (answer_) answer(std::move(*answer_));
}

void PendingCall::run(handlers::Task<void> coroutine) {
  APPD_CHECK(!coroutine_.valid(), action_.name);
  coroutine_ = std::move(coroutine);
  if (running_) {
    coroutine_.start();
  } else {
    resume([this] { coroutine_.start(); });
  }
}

void PendingCall::take_answer(Reply reply) {
  if (!answer_) answer_ = std::move(reply);
}

void PendingCall::on_answer(Reply reply) {
  if (!ended_) answer(std::move(reply));
}

void PendingCall::answer(Reply reply) {
  if (!ended_) end(Counter::kCallsAnswered);
  owner_.on_answered(*this, std::move(reply));
}

std::uint32_t PendingCall::add_work(std::function<void()> done) {
  work_.emplace(next_work_, std::move(done));
  return next_work_++;
}

void PendingCall::on_work_done(std::uint32_t wait) {
  const auto found = work_.find(wait);
  if (found == work_.end()) return;  // given up
  const auto done = std::move(found->second);
  work_.erase(found);
  resume(done);
}

void PendingCall::on_deadline() {
  table_.metrics().add(Counter::kDeadlineExceeded);
  Reply reply;
  try {
    reply.set_error(Status::kDeadlineExceeded, "the action was not done before its deadline");
  } catch (const std::bad_alloc&) {  // the owner answers what is not filled, or cuts
  }
  if (!ended_) end(Counter::kCallsDropped);
  answer(std::move(reply));
}

}  // namespace appd::servers
