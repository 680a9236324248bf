#include "appd/outgoing/client_calls.h"

#include <optional>
#include <string>
#include <utility>

#include "appd/handlers/typed/json_value.h"
#include "appd/handlers/typed/typed_value.h"
#include "appd/protocol/text/utf8.h"

namespace appd::outgoing {

using handlers::CallReply;
using handlers::CallRequest;
using handlers::Result;
using protocol::Status;

namespace {

// What the handler waits in. A request that is none is told so in a moment, never from within.
class OutgoingCall final : public handlers::Wait {
 public:
  explicit OutgoingCall(std::unique_ptr<clients::PooledCall> call) : call_(std::move(call)) {}

 private:
  const std::unique_ptr<clients::PooledCall> call_;
};

class RefusedCall final : public handlers::Wait {
 public:
  RefusedCall(reactor::EventLoop& loop, protocol::Error error, ClientCalls::Done done)
      : error_(std::move(error)),
        done_(std::move(done)),
        soon_(reactor::Timer::calling<&RefusedCall::tell>(loop.timers(), *this)) {
    soon_.arm(loop.now());
  }

 private:
  void tell() {
    const ClientCalls::Done done = std::move(done_);  // may destroy the call
    done(tl::unexpected(std::move(error_)));
  }

  protocol::Error error_;
  ClientCalls::Done done_;
  reactor::Timer soon_;
};

// Errors: invalid_argument or invalid_content, it cannot be sent.
Result<clients::Request> to_request(CallRequest asked, int depth) {
  if (!protocol::is_valid_utf8(asked.action)) {
    return protocol::fail(Status::kInvalidArgument, "the name of an action is UTF-8");
  }
  clients::Request request;
  if (asked.form == handlers::Request::Form::kBinary) {
    request.content_type = protocol::kClientBinaryType;
    request.content_encoding = protocol::kBinaryEncoding;
    request.content = std::move(asked.content);
    request.action = std::move(asked.action);
  } else {
    handlers::JsonObject content;
    content.add("action", asked.action);
    if (!asked.content.empty()) {
      const auto value = protocol::JsonView::parse(asked.content);
      if (!value) return tl::unexpected(value.error());
      content.add_json("value", value->text());
    }
    request.content = content.take().text();
  }
  request.keep_alive = true;
  request.other_fields.emplace_back("call-depth", std::to_string(depth));
  return request;
}

}  // namespace

std::unique_ptr<handlers::Wait> ClientCalls::start(const protocol::Address& server,
                                                   CallRequest asked,
                                                   const handlers::CallTerms& terms, Done done) {
  auto request = to_request(std::move(asked), terms.depth);
  if (!request) {
    return std::make_unique<RefusedCall>(loop_, std::move(request.error()), std::move(done));
  }
  const clients::CallPolicy policy{
      .deadline = terms.deadline.value_or(loop_.now() + pool_.limits().call_timeout),
      .late = terms.deadline ? Status::kDeadlineExceeded : Status::kUnavailable,
      .depth = terms.depth};
  return std::make_unique<OutgoingCall>(
      pool_.start(server, *std::move(request), policy,
                  [done = std::move(done)](const Result<clients::Reply>& reply) {
                    done(reply ? to_call_result(*reply) : tl::unexpected(reply.error()));
                  }));
}

Result<CallReply> to_call_result(const clients::Reply& reply) {
  if (auto failure = reply.failure()) return tl::unexpected(*std::move(failure));
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
