// What a handler that waits may ask its server for. Implemented by servers; handlers use it through
// CallContext (call_context.h), which makes each of it awaitable.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "appd/handlers/handler.h"
#include "appd/handlers/waiting/answering_task.h"
#include "appd/protocol/address.h"
#include "appd/reactor/clock.h"
#include "appd/reactor/memory/block_store.h"
#include "appd/reactor/threads/stop_token.h"

namespace appd::handlers {

class Event;  // event.h

// A call that a handler makes: of another action of this server, or of another server.
struct CallRequest {
  // With a JSON value. (Constructors, for GCC 12 destroys twice what is an aggregate, temporary and
  // part of a co_await expression.)
  explicit CallRequest(std::string the_action, std::string json = {})
      : action(std::move(the_action)), content(std::move(json)) {}
  [[nodiscard]] static CallRequest binary(std::string action, std::string payload) {
    CallRequest request(std::move(action), std::move(payload));
    request.form = Request::Form::kBinary;
    return request;
  }

  // Waits for its answer so long at most, and no longer than the call that makes it: the error is
  // deadline_exceeded then. Without it the caller's deadline is all that counts.
  CallRequest&& within(reactor::Duration limit) && {
    time_limit = limit;
    return std::move(*this);
  }
  // `deadline`: the caller's. nullopt: none.
  [[nodiscard]] std::optional<reactor::TimePoint> deadline_within(
      std::optional<reactor::TimePoint> deadline, reactor::TimePoint now) const;

  std::string action;
  std::optional<reactor::Duration> time_limit = {};
  Request::Form form = Request::Form::kJson;
  // kJson: the JSON text of the value; empty: there is none. kBinary: the payload.
  std::string content;
};

// The content of a reply whose status was ok.
struct CallReply {
  std::string content_type;
  std::string content_encoding;
  std::string content;  // of a JSON reply the whole object, {"result": VALUE}

  // VALUE, borrowed from `content`. Errors: invalid_content, there is none.
  [[nodiscard]] Result<JsonView> result() const;
};

// What a reply of this server is to a handler that called the action itself: its content, or the
// error that it tells. Errors: the reply's status and text; `internal` with its detail.
[[nodiscard]] Result<CallReply> to_call_reply(const Reply& reply);

// Something that a call waits for. Destroying it gives it up: its completion is not called then.
// Destroy it on the loop's thread, and not after the server.
class Wait : public reactor::InBlock {
 public:
  virtual ~Wait() = default;
};

// What a call to another server takes along from the call that makes it.
struct CallTerms {
  std::optional<reactor::TimePoint> deadline = {};  // nullopt: none of the caller's
  int depth = 1;                                    // calls within calls so far, this one included
};

// Calls to other servers, of one loop. Servers know no client, so a program that links both hands
// an implementation in (outgoing/); without one such calls fail with `internal`.
class OutgoingCalls {
 public:
  using Done = std::function<void(Result<CallReply>)>;
  virtual ~OutgoingCalls() = default;
  // `done` is called once, on the loop's thread, never from within start(). It may destroy the
  // Wait. Errors: an error reply's status and text; deadline_exceeded; unavailable where there is
  // no connection or a broken one; overloaded at a limit of its own. The loop's thread only.
  [[nodiscard]] virtual std::unique_ptr<Wait> start(const protocol::Address& server,
                                                    CallRequest request, const CallTerms& terms,
                                                    Done done) = 0;
};

// One call's, shared by all who hold its CallContext. It may outlive the call, and the server.
//
// start_*: the loop's thread only. Each returns at once; `done` is called at most once, on the
// loop's thread, never from within, and may destroy the Wait. Null: the call is over, and `done`
// will not be called.
class CallServices {
 public:
  using Done = std::function<void()>;
  using CallDone = OutgoingCalls::Done;
  virtual ~CallServices() = default;

  // Any thread.
  [[nodiscard]] virtual std::optional<reactor::TimePoint> deadline() const = 0;
  [[nodiscard]] virtual reactor::StopToken stop_token() const = 0;
  [[nodiscard]] virtual reactor::TimePoint now() const = 0;

  [[nodiscard]] virtual std::unique_ptr<Wait> start_sleep(reactor::Duration duration,
                                                          Done done) = 0;
  // `done` when the event is notified from now on, once.
  [[nodiscard]] virtual std::unique_ptr<Wait> start_listening(Event& event, Done done) = 0;
  // Runs `work` in the pool, then `done` on the loop. `work` that was given up before it ran is
  // destroyed without a run. Errors: overloaded, the pool's queue is full.
  [[nodiscard]] virtual Result<std::unique_ptr<Wait>> start_offload(std::function<void()> work,
                                                                    Done done) = 0;
  // Calls within calls, of this server and from server to server (the header's call-depth), are
  // limited to kMaxCallDepth; one more fails with `internal`.
  static constexpr int kMaxCallDepth = 16;
  [[nodiscard]] virtual std::unique_ptr<Wait> start_action(CallRequest request, CallDone done) = 0;
  [[nodiscard]] virtual std::unique_ptr<Wait> start_call(const protocol::Address& server,
                                                         CallRequest request, CallDone done) = 0;

  // Takes the call's coroutine over and starts it. When it is done, it answers; then, or when the
  // call is over, wherever it waits, it is destroyed. Once a call; the loop's thread only.
  virtual void run(AnsweringTask&& coroutine) = 0;
};

}  // namespace appd::handlers
