// One call through a pool, from its start to its result: what it asks, until when, how often it is
// tried, and who is told. The loop's thread only.
//
// A call that failed is tried again where the server has not carried it out: it could not be sent,
// or was answered `overloaded`. One that was sent and lost its connection, or was answered
// `shutting_down` or `unavailable`, may have been carried out, and is tried again only where it is
// idempotent.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "appd/clients/reply.h"
#include "appd/clients/request.h"
#include "appd/protocol/status.h"
#include "appd/reactor/event_loop.h"

namespace appd::clients {

class PooledCall;

// Where a call waits for its reply.
class CallPlace {
 public:
  // The call is not wanted any more: its time is over, or it is being destroyed.
  virtual void cancel(PooledCall& call) = 0;

 protected:
  ~CallPlace() = default;
};

struct CallPolicy {
  // The whole call's, further tries included; the server is told how much is left.
  reactor::TimePoint deadline = {};
  protocol::Status late = protocol::Status::kDeadlineExceeded;  // what a call is told behind it
  int depth = 0;                // channels are shared by calls of one depth
  int retries = 0;              // further tries at most
  bool idempotent = false;      // carrying it out twice does no harm
  bool wait_for_ready = false;  // a server that cannot be reached is tried until the deadline
};

// What a call needs of its pool.
class CallOwner {
 public:
  // A place for `call`, which is told its result later, never from within. Errors:
  // invalid_argument, overloaded, unavailable.
  [[nodiscard]] virtual protocol::Result<void> place(PooledCall& call) = 0;
  // Whether a call may be tried again, as far as the other calls are concerned.
  [[nodiscard]] virtual bool spend_retry() = 0;
  virtual void earn_retry() = 0;
  // Before the next try, of which there were `tries`.
  [[nodiscard]] virtual reactor::Duration pause_before(int tries) = 0;

 protected:
  ~CallOwner() = default;
};

class PooledCall final {
 public:
  // Called once, never from within the call's start; may destroy the call. The reply of a server,
  // whatever it says; or an error: invalid_argument, unavailable, deadline_exceeded, overloaded.
  using Done = std::function<void(protocol::Result<Reply>)>;

  // `owner` outlives it. `request` is for an app server.
  PooledCall(reactor::EventLoop& loop, CallOwner& owner, protocol::Address server, Request request,
             const CallPolicy& policy, Done done);
  // Leaves its place.
  ~PooledCall();
  PooledCall(const PooledCall&) = delete;
  PooledCall& operator=(const PooledCall&) = delete;

  // Looks for a place. Once.
  void start() { attempt(); }

  // For the place. It waits there until one of the two below is called, or leaves by cancel().
  void wait_in(CallPlace& place) { place_ = &place; }
  // Its bytes, which say how much time is left. Once a try. Errors: invalid_argument.
  [[nodiscard]] protocol::Result<SharedRequest> encode();
  void answer(Reply reply);
  // `sent`: the server may have carried it out.
  void lose(protocol::Error error, bool sent);

  [[nodiscard]] const protocol::Address& server() const { return server_; }
  [[nodiscard]] int depth() const { return policy_.depth; }
  [[nodiscard]] reactor::TimePoint deadline() const { return policy_.deadline; }

 private:
  void attempt();
  void on_deadline();
  void on_pause();
  // A try has failed; true: there will be a further one. `sent` as in lose().
  [[nodiscard]] bool tries_again(const protocol::Error& error, bool sent);
  void finish(protocol::Result<Reply> result);

  reactor::EventLoop& loop_;
  CallOwner& owner_;
  const protocol::Address server_;
  const CallPolicy policy_;
  Request request_;     // its content is in sent_ once that is there
  SharedRequest sent_;  // of the last try
  Done done_;
  CallPlace* place_ = nullptr;
  int tries_ = 0;
  int retries_ = 0;                         // of these, that count
  bool last_try_ = false;                   // has failed before it found a place
  std::optional<protocol::Error> failure_;  // of the last try
  reactor::Timer deadline_;
  reactor::Timer pause_;  // before the next try, or before failure_ is told
};

}  // namespace appd::clients
