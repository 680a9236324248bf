// The right to answer one call, later and from any thread: for handlers in callback style.
#pragma once

#include <memory>
#include <string_view>

#include "appd/handlers/handler.h"

namespace appd::handlers {

// Where a Responder's answer goes. Implemented by servers.
class ReplySink {
 public:
  virtual ~ReplySink() = default;
  // At most once. Any thread; never blocks for long. Where nobody waits for the answer any more
  // (deadline, disconnection, the end of the server), it is dropped and counted. A reply that is
  // not filled is answered `internal`.
  virtual void complete(Reply&& reply) noexcept = 0;
  // Instead of complete(): whoever had to answer is gone. Not counted where nobody waits.
  virtual void drop() noexcept { complete(dropped_reply()); }

 protected:
  // `internal`; not filled where there is no memory for that.
  [[nodiscard]] static Reply dropped_reply() noexcept;
};

// Move-only; answers once. Any thread, one at a time. It may outlive the connection and the server.
class Responder {
 public:
  explicit Responder(std::shared_ptr<ReplySink> sink) : sink_(std::move(sink)) {}
  Responder(Responder&&) noexcept = default;
  // What this one still had to answer is answered as by its destructor.
  Responder& operator=(Responder&& other) noexcept;
  // Dropped without an answer: `internal`, so that no caller waits for ever.
  ~Responder() {
    if (sink_) drop();
  }

  // The answer, any filled reply; one that is not filled is `internal`. A second answer of any kind
  // is ignored.
  void reply(Reply&& reply) noexcept;
  void reply(const Reply& reply) { this->reply(Reply(reply)); }
  // An error reply. `text` is for the caller (docs/protocol.md 4); with kInternal it goes to the
  // log alone.
  void fail(Status status, std::string_view text) noexcept;
  // Likewise; an error that is no protocol::Status is `internal`.
  void fail(const protocol::Error& error) noexcept;

  // False once it has answered (or was moved from).
  [[nodiscard]] bool pending() const { return sink_ != nullptr; }

 private:
  void drop() noexcept;

  std::shared_ptr<ReplySink> sink_;
};

// Calls `handler`. One that throws is answered `internal`, with what it threw as the reason, if its
// responder was not moved away; nothing is thrown.
void call_waiting_handler(const WaitingHandler& handler, const Request& request,
                          CallContext context, Responder responder);

}  // namespace appd::handlers
