// One connection's conversation in one protocol: the delegate of its connection.
//
// Owned by the worker of its loop, in a seat of its slab. There is one for each idle connection, so
// what it needs only while something is under way is not in it. The loop's thread only.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>

#include "appd/handlers/dispatch.h"
#include "appd/logging/limited_lines.h"
#include "appd/logging/log.h"
#include "appd/protocol/message_decoder.h"
#include "appd/protocol/reply_header.h"
#include "appd/protocol/status.h"
#include "appd/reactor/connection/connection.h"
#include "appd/reactor/event_loop.h"
#include "appd/reactor/memory/slab.h"
#include "appd/servers/calls/call_table.h"
#include "appd/servers/drain_report.h"
#include "appd/servers/limits.h"
#include "appd/servers/metrics.h"

namespace appd::servers {

class Session;

// Where a session lives, in its owner's slab.
using Seat = reactor::Slab::Place;

class SessionOwner {
 public:
  // The session's last word; it is to be handed to EventLoop::retire().
  virtual void on_session_closed(Session& session, std::error_code reason) = 0;
  // Nobody is there any more.
  virtual void free_seat(Seat seat) noexcept = 0;

 protected:
  ~SessionOwner() = default;
};

// What all sessions of one loop share. Outlives them.
struct SessionContext : reactor::ConnectionContext {
  const Limits& limits;
  const protocol::DecodeLimits& decode_limits;
  protocol::DecodeContext& decode;
  handlers::Dispatcher& dispatcher;
  logging::Log& log;
  Metrics& metrics;
  CallTable& calls;
  SessionOwner& owner;
  logging::LimitedLines& limited_lines;
  // Connections get numbers for the logs: this worker's first, and the step to its next.
  std::uint64_t next_number = 1;
  std::uint64_t number_step = 1;
  bool draining = false;
  bool log_access = false;  // a line for each answer
  reactor::TimePoint drain_began = {};
  DrainReport drain_report = {};
  protocol::ReplyHeader reply_header = {};
  handlers::Reply error_reply = {};  // scratch
};

class Session : public reactor::ConnectionDelegate {
 public:
  // Begins to read; the request is often there already.
  void start();
  // Answers an error where the protocol has such a thing, and closes in order.
  void refuse(protocol::Status status, std::string_view text);
  // The server drains: what has arrived is answered, a message that has begun may still end, and a
  // peer that is about to say something has a moment for it; then the connection is closed, at once
  // where that can destroy nothing. Called again by the session itself until then.
  void drain();
  // Closes at once.
  void cut();
  // Likewise, but so that what the kernel holds is still delivered. Not within a callback.
  void leave();
  // The drain's time is up: what was asked for and is not answered is refused, and reported by
  // action as far as it is known; then the connection is closed.
  void end_drain(DrainReport& report);

  [[nodiscard]] Seat seat() const { return seat_; }
  void dispose() noexcept final;

 protected:
  // What a session waits for; each has its time limit (docs/protocol.md 5).
  enum class Awaiting : std::uint8_t {
    kFirstMessage,  // since accept: header_timeout
    kNextMessage,   // nothing of it is there: idle_timeout
    kHeader,        // of one that has begun: header_timeout from its first byte, or since accept
    kContent,       // likewise: request_timeout
    kDrained,       // our own unsent bytes: the connection's write_timeout
    kAnswers,       // answers of actions that wait: their deadlines; once the peer's end has come,
                    // or was found while reading is paused, half_close_grace
  };

  Session(SessionContext& context, Seat seat, reactor::AnyTransport transport, Awaiting first);

  // At the end of on_bytes().
  void await(Awaiting what);
  // A message was taken from the input; what is behind it belongs to the next.
  void message_done() {
    message_under_way_ = false;
    awaiting_ = Awaiting::kNextMessage;
  }
  // Whether answers are owed that come later: waiting for the next message then is kAnswers.
  // Becoming false, it waits for the next message; behind the peer's end, it closes.
  void set_answers_pending(bool pending);
  // While answers are owed; the peer's end, if it is found behind what is not read, starts
  // half_close_grace.
  void pause_reading() { connection_.pause_reading(); }
  void resume_reading();
  // An answer went out while reading is paused: a peer that has only shut its sending side is still
  // there, and gets the grace anew.
  void renew_grace();
  // When the first byte of the message under way was seen.
  [[nodiscard]] reactor::TimePoint message_began() const;

  // What an error reply is to say.
  struct Refusal {
    protocol::Status status;
    std::string_view text;
    // Of the message that is refused, as far as it was understood; null: of the one under way, if
    // there is one.
    const protocol::MessageHeader* header = nullptr;
  };
  // An error of the peer in the message with this header, which begins with `bytes`: as refuse(),
  // and a line in the log where these look like another protocol's.
  void fail_message(const protocol::Error& error, const protocol::MessageHeader& header,
                    std::span<const std::byte> bytes);
  // Of the message under way, or else of the last one: an action, or the protocol's name.
  [[nodiscard]] virtual std::string_view action_name() = 0;
  virtual void send_error(const Refusal& refusal) = 0;
  // Where earlier requests are not answered yet, an error reply waits for its turn. True: the
  // session sees to it, and closes behind it.
  [[nodiscard]] virtual bool refuse_in_turn(const Refusal& /*refusal*/) { return false; }
  // The next answer does not wait for anything, but is being worked on.
  [[nodiscard]] virtual bool works_on_answer() { return false; }
  // The connection is gone: nobody waits for answers any more.
  virtual void on_gone() {}
  // Requests that wait for their answers.
  virtual void report_pending(DrainReport& /*report*/) {}

  // A connection's life as the tutorial tells it, at level debug.
  [[nodiscard]] bool tells_life() const { return context().log.enabled(logging::Level::kDebug); }
  void tell(std::string_view what, std::initializer_list<logging::Field> fields = {});
  // For logs: unlike any other connection's of this server.
  [[nodiscard]] std::uint64_t number() const { return number_; }

  void on_end() override;
  void on_end_ahead() override;
  void on_drained() override;
  void on_reading_stopped(StopReason reason) override;

  [[nodiscard]] SessionContext& context() const {
    return static_cast<SessionContext&>(connection_.context());
  }
  reactor::Connection& connection() { return connection_; }

 private:
  void refuse(const Refusal& refusal);
  void on_closed(std::error_code reason) final;
  void on_deadline() final;
  void end_wait();
  void tell_budget();
  void time_out(Counter counter, std::string_view text);
  [[nodiscard]] bool between_messages() const;
  [[nodiscard]] bool still_takes_replies();
  [[nodiscard]] reactor::TimePoint drain_moment() const;
  void log_foreign(std::span<const std::byte> bytes);

  [[no_unique_address]] reactor::Connection connection_;  // seat_ lies in its last four bytes
  const Seat seat_;
  reactor::TimePoint message_began_{};
  const std::uint64_t number_ : 48;  // enough for centuries
  Awaiting awaiting_ : 3;
  bool message_under_way_ : 1 = false;
  bool answers_pending_ : 1 = false;
  bool peer_ended_ : 1 = false;
  bool end_found_ : 1 = false;  // the connection found it while reading is paused
  bool fresh_ : 1 = true;       // nothing has come yet
};

}  // namespace appd::servers
