#include "appd/clients/pool/pooled_call.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace appd::clients {

using protocol::Error;
using protocol::Status;

namespace {

// What may be different in a moment.
bool is_passing(Status status) {
  return status == Status::kUnavailable || status == Status::kOverloaded ||
         status == Status::kShuttingDown;
}

}  // namespace

PooledCall::PooledCall(reactor::EventLoop& loop, CallOwner& owner, protocol::Address server,
                       Request request, const CallPolicy& policy, Done done)
    : loop_(loop),
      owner_(owner),
      server_(std::move(server)),
      policy_(policy),
      request_(std::move(request)),
      done_(std::move(done)),
      deadline_(reactor::Timer::calling<&PooledCall::on_deadline>(loop.timers(), *this)),
      pause_(reactor::Timer::calling<&PooledCall::on_pause>(loop.timers(), *this)) {
  deadline_.arm(policy_.deadline);
}

PooledCall::~PooledCall() {
  if (place_ != nullptr) place_->cancel(*this);
}

void PooledCall::attempt() {
  failure_.reset();
  ++tries_;
  auto placed = owner_.place(*this);
  if (placed) return;
  place_ = nullptr;
  if (!tries_again(placed.error(), false)) {
    last_try_ = true;
    pause_.arm(loop_.now());  // never from within start()
  }
  failure_ = std::move(placed.error());
}

protocol::Result<SharedRequest> PooledCall::encode() {
  const auto left = std::chrono::floor<std::chrono::milliseconds>(policy_.deadline - loop_.now());
  // 0 would be over before it arrives, and the far server would say so before we do.
  request_.deadline = std::clamp(left, std::chrono::milliseconds(1), protocol::kMaxDeadline);
  std::string content = sent_ ? sent_->body : std::exchange(request_.content, {});
  Request request = request_;
  request.content = std::move(content);
  auto encoded = encode_request(std::move(request), protocol::Protocol::kApp);
  if (!encoded) return protocol::fail(Status::kInvalidArgument, encoded.error().message);
  if (policy_.retries > 0 || policy_.wait_for_ready) sent_ = *encoded;
  return *std::move(encoded);
}

void PooledCall::answer(Reply reply) {
  place_ = nullptr;
  if (auto failure = reply.failure()) {
    // What an overloaded server refuses it has not begun; a draining one may have.
    const bool begun = protocol::status_of(*failure) != Status::kOverloaded;
    if (tries_again(*failure, begun)) {
      failure_ = std::move(failure);
      return;
    }
  } else {
    owner_.earn_retry();
  }
  finish(std::move(reply));
}

void PooledCall::lose(Error error, bool sent) {
  place_ = nullptr;
  if (tries_again(error, sent)) {
    failure_ = std::move(error);
  } else {
    finish(tl::unexpected(std::move(error)));
  }
}

// A server that is waited for is not yet in trouble: trying it costs neither the call's retries nor
// the budget.
bool PooledCall::tries_again(const Error& error, bool sent) {
  const Status status = protocol::status_of(error);
  if (!is_passing(status) || (sent && !policy_.idempotent)) return false;
  const bool waits = policy_.wait_for_ready && !sent && status == Status::kUnavailable;
  const reactor::TimePoint next = loop_.now() + owner_.pause_before(tries_);
  if (!waits) {
    const bool allowed = retries_ < policy_.retries && next < policy_.deadline;
    if (!allowed || !owner_.spend_retry()) return false;
    ++retries_;
  }
  pause_.arm(next);
  return true;
}

void PooledCall::on_pause() {
  if (last_try_) {
    finish(tl::unexpected(*std::move(failure_)));
  } else {
    attempt();
  }
}

void PooledCall::on_deadline() {
  if (place_ != nullptr) std::exchange(place_, nullptr)->cancel(*this);
  std::string text = "no reply from " + server_.to_string() + " in time";
  if (failure_) text += "; the last try: " + failure_->message;
  finish(protocol::fail(policy_.late, std::move(text)));
}

void PooledCall::finish(protocol::Result<Reply> result) {
  deadline_.cancel();
  pause_.cancel();
  const Done done = std::move(done_);  // may destroy the call
  done(std::move(result));
}

}  // namespace appd::clients
