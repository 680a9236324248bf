// One call to another server, from its start to its reply: what it asks, until when, and who is
// told. The loop's thread only.
#pragma once

#include <optional>
#include <string>

#include "appd/clients/reply.h"
#include "appd/clients/request.h"
#include "appd/handlers/waiting/call_services.h"
#include "appd/outgoing/call_limits.h"
#include "appd/reactor/event_loop.h"

namespace appd::outgoing {

class OutgoingCall;

// Where a call waits for its reply.
class CallPlace {
 public:
  // The call is not wanted any more: its time is over, or it is being destroyed.
  virtual void cancel(OutgoingCall& call) = 0;

 protected:
  ~CallPlace() = default;
};

class OutgoingCall final : public handlers::Wait {
 public:
  using Done = handlers::OutgoingCalls::Done;
  using CallResult = handlers::Result<handlers::CallReply>;

  OutgoingCall(reactor::EventLoop& loop, const protocol::Address& server,
               const handlers::CallTerms& terms, const CallLimits& limits, Done done);
  // Leaves its place.
  ~OutgoingCall() override;

  // What is to be sent. Errors: invalid_argument or invalid_content, it cannot be sent.
  [[nodiscard]] handlers::Result<void> prepare(handlers::CallRequest request);
  // Prepared and behind this, it waits in `place` until finish().
  void wait_in(CallPlace& place) { place_ = &place; }
  // Its bytes, which say how much time is left. Errors: invalid_argument. Once.
  [[nodiscard]] handlers::Result<clients::SharedRequest> encode();
  [[nodiscard]] reactor::TimePoint deadline() const { return deadline_; }

  // Tells the result, once; the call may be gone afterwards. It has left its place.
  void finish(CallResult result);
  // The same, in a moment: never from within start(). It waits nowhere.
  void fail_soon(protocol::Error error);

 private:
  void on_time();

  reactor::EventLoop& loop_;
  const std::string server_;
  const handlers::CallTerms terms_;
  const reactor::TimePoint deadline_;
  clients::Request request_;
  Done done_;
  CallPlace* place_ = nullptr;
  std::optional<protocol::Error> failure_;
  reactor::Timer timer_;  // at its deadline, or at once where it failed
};

// What a reply is to the handler: its content, JSON as UTF-8, or the error that it tells. An error
// without a status that we know is `internal`.
[[nodiscard]] OutgoingCall::CallResult to_call_result(const clients::Reply& reply);

}  // namespace appd::outgoing
