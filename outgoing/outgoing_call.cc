#include "appd/outgoing/outgoing_call.h"

#include <algorithm>
#include <utility>

#include "appd/handlers/typed/typed.h"
#include "appd/protocol/text/utf8.h"

namespace appd::outgoing {

using handlers::CallReply;
using handlers::CallRequest;
using protocol::Status;

OutgoingCall::OutgoingCall(reactor::EventLoop& loop, const protocol::Address& server,
                           const handlers::CallTerms& terms, const CallLimits& limits, Done done)
    : loop_(loop),
      server_(server.to_string()),
      terms_(terms),
      deadline_(terms.deadline.value_or(loop.now() + limits.call_timeout)),
      done_(std::move(done)),
      timer_(reactor::Timer::calling<&OutgoingCall::on_time>(loop.timers(), *this)) {
  timer_.arm(deadline_);
}

OutgoingCall::~OutgoingCall() {
  if (place_ != nullptr) place_->cancel(*this);
}

handlers::Result<void> OutgoingCall::prepare(CallRequest request) {
  if (!protocol::is_valid_utf8(request.action)) {
    return protocol::fail(Status::kInvalidArgument, "the name of an action is UTF-8");
  }
  if (request.form == handlers::Request::Form::kBinary) {
    request_.content_type = protocol::kClientBinaryType;
    request_.content_encoding = protocol::kBinaryEncoding;
    request_.content = std::move(request.content);
    request_.action = std::move(request.action);
  } else {
    handlers::JsonObject content;
    content.add("action", request.action);
    if (!request.content.empty()) {
      const auto value = protocol::JsonView::parse(request.content);
      if (!value) return tl::unexpected(value.error());
      content.add_json("value", value->text());
    }
    request_.content = content.take().text();
  }
  request_.keep_alive = true;
  request_.other_fields.emplace_back("call-depth", std::to_string(terms_.depth));
  return {};
}

handlers::Result<clients::SharedRequest> OutgoingCall::encode() {
  const auto left = std::chrono::floor<std::chrono::milliseconds>(deadline_ - loop_.now());
  // 0 would be over before it arrives, and the far server would say so before we do.
  request_.deadline = std::clamp(left, std::chrono::milliseconds(1), protocol::kMaxDeadline);
  auto encoded = clients::encode_request(std::move(request_), protocol::Protocol::kApp);
  if (!encoded) return protocol::fail(Status::kInvalidArgument, encoded.error().message);
  return *std::move(encoded);
}

void OutgoingCall::finish(CallResult result) {
  place_ = nullptr;
  timer_.cancel();
  const Done done = std::move(done_);  // may destroy the call
  done(std::move(result));
}

void OutgoingCall::fail_soon(protocol::Error error) {
  place_ = nullptr;
  failure_ = std::move(error);
  timer_.arm(loop_.now());
}

void OutgoingCall::on_time() {
  if (failure_) {
    finish(tl::unexpected(*std::exchange(failure_, std::nullopt)));
    return;
  }
  if (place_ != nullptr) std::exchange(place_, nullptr)->cancel(*this);
  if (terms_.deadline) {
    finish(protocol::fail(Status::kDeadlineExceeded, "no reply from " + server_ + " in time"));
  } else {
    finish(protocol::fail(Status::kUnavailable, "no reply from " + server_ + " in time"));
  }
}

OutgoingCall::CallResult to_call_result(const clients::Reply& reply) {
  const auto shown = reply.result_text();
  if (!shown) {
    const auto status = reply.status ? protocol::status_from_name(*reply.status) : std::nullopt;
    return protocol::fail(status.value_or(Status::kInternal), shown.error().message);
  }
  CallReply given{.content_type = reply.content_type,
                  .content_encoding = reply.content_encoding,
                  .content = reply.content};
  if (reply.is_json()) {
    auto text = reply.text();
    if (!text) return protocol::fail(Status::kUnavailable, text.error().message);
    given.content_encoding = "utf-8";
    given.content = *std::move(text);
  }
  return given;
}

}  // namespace appd::outgoing
