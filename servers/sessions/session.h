// One connection's conversation in one protocol: the delegate of its connection, and the base of
// every protocol, a program's own included (session_maker.h).
//
//   class LineSession final : public Session {
//    public:
//     explicit LineSession(SessionStart&& start) : Session(std::move(start)) {}
//
//    private:
//     reactor::Consumed on_bytes(std::span<const std::byte> bytes) override {
//       const protocol::Frame line = protocol::decode_delimited(bytes, "\n", 4096);
//       if (line.too_long) connection().close();
//       if (!line.complete) return took(bytes, 0);
//       connection().send(answer(line.payload));
//       return took(bytes, line.bytes);
//     }
//   };
//
// A protocol reads, answers by connection().send(), ends by connection().close(), and says what it
// awaits next; the server's limits, its log and its drain follow from that. What it throws is
// std::bad_alloc at most, which costs the connection.
//
// Owned by the worker of its loop, in a seat of its slab. There is one for each idle connection, so
// what it needs only while something is under way is not in it. The loop's thread only.
//
// It has three faces, which makes many functions: the worker's (public), the protocol's, which
// derives from it (protected), and the connection's (ConnectionDelegate). Behind them is one thing:
// what is awaited of the peer, until when, and what happens when it does not come.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>
#include <system_error>

#include "appd/protocol/message_header.h"
#include "appd/protocol/status.h"
#include "appd/reactor/connection/connection.h"
#include "appd/servers/sessions/session_context.h"

namespace appd::servers {

class Session : public reactor::ConnectionDelegate {
 public:
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

  explicit Session(SessionStart&& start, Awaiting first = Awaiting::kNextMessage);

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
  // The connection is there; what had arrived with it was shown.
  virtual void on_start() {}

  // At the end of on_bytes().
  void await(Awaiting what);
  // Likewise, where messages have no header: those at the front of `shown`, so many bytes, were
  // taken. What follows is the beginning of the next; it is shown again when so many bytes of it
  // are there (0: one more will do). What on_bytes() returns.
  [[nodiscard]] reactor::Consumed took(std::span<const std::byte> shown, std::size_t bytes,
                                       std::size_t wanted = 0);
  // A message was taken from the input; what follows belongs to the next.
  void message_done() {
    message_under_way_ = false;
    awaiting_ = Awaiting::kNextMessage;
  }
  // Answers that come later.
  enum class Owes : std::uint8_t {
    kNothing,  // none
    kAnswers,  // some: waiting for the next message then is kAnswers
    kTooMuch,  // so many that nothing is read; the peer's end, if it is found after what is not
               // read, starts half_close_grace
  };
  // An answer came or went, or is owed from now on. Back at kNothing the session waits for the next
  // message, or closes after the peer's end. Still at kTooMuch: a peer that has only shut its
  // sending side was sent an answer, and gets the grace anew.
  void set_owes(Owes owes);
  [[nodiscard]] Owes owes() const { return owes_; }
  // When the first byte of the message under way was seen.
  [[nodiscard]] reactor::TimePoint message_began() const;

  // What an error reply is to say.
  struct Refusal {
    protocol::Status status;
    std::string_view text;
    // Of the message that is refused, as far as it was understood; null: of the one whose content
    // is awaited, if there is one.
    const protocol::MessageHeader* header = nullptr;
  };
  // An error of the peer in a message that begins with `bytes`: as refuse(), and a line in the log
  // where these look like another protocol's.
  void fail_message(const protocol::DecodeError& error, std::span<const std::byte> bytes);
  // For the drain's report, of the message under way: an action; else the protocol's name.
  [[nodiscard]] virtual std::string_view action_name() {
    return context().owner.protocol_of(seat_);
  }
  // In a protocol that has no place for an error, the end says it all.
  virtual void send_error(const Refusal& /*refusal*/) {}
  // Where earlier requests are not answered yet, an error reply waits for its turn. True: the
  // session sees to it, and closes after it.
  [[nodiscard]] virtual bool refuse_in_turn(const Refusal& /*refusal*/) { return false; }
  // While answers are owed: the next one does not wait for anything, but is being worked on.
  [[nodiscard]] virtual bool works_on_next() const { return false; }
  // Likewise: all that are not answered are cut off.
  virtual void report_cut(DrainReport& report) { report.add_cut(action_name()); }
  // The connection is gone: nobody waits for answers any more.
  virtual void on_gone() {}

  // A connection's life as the tutorial tells it, at level debug.
  [[nodiscard]] bool tells_life() const {
    return context().log.log.enabled(logging::Level::kDebug);
  }
  void tell(std::string_view what, std::initializer_list<logging::Field> fields = {});
  // For logs: unlike any other connection's of this server.
  [[nodiscard]] std::uint64_t number() const { return number_; }

  void on_end() override;
  void on_end_ahead() override;
  void on_drained() override;
  void on_reading_stopped(StopNotice notice) override;

  [[nodiscard]] SessionContext& context() const {
    return static_cast<SessionContext&>(connection_.context());
  }
  reactor::Connection& connection() { return connection_; }

 private:
  void refuse(const Refusal& refusal);
  void on_closed(std::error_code reason) final;
  void on_deadline() final;
  // What was awaited did not come in time.
  void end_wait();
  [[nodiscard]] bool between_messages() const;
  [[nodiscard]] bool still_takes_replies();
  // From the peer's end, while answers are owed: how long it may wait for them.
  void begin_grace();

  [[no_unique_address]] reactor::Connection connection_;  // seat_ lies in its last four bytes
  const Seat seat_;
  reactor::TimePoint message_began_{};
  const std::uint64_t number_ : 47;  // enough for centuries
  bool message_under_way_ : 1 = false;
  Awaiting awaiting_ : 3;
  Owes owes_ : 2 = Owes::kNothing;
  bool peer_ended_ : 1 = false;
  bool end_found_ : 1 = false;  // the connection found it while reading is paused
  bool fresh_ : 1 = true;       // nothing has come yet
};

}  // namespace appd::servers
