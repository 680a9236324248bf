// One peer: moves bytes between a transport and a delegate.
//
// The usual way is short: bytes are read into the loop's own buffer and shown to the delegate in
// place; what it sends in one event collects in the loop's output buffer and leaves with one system
// call. Whatever has to wait is an object that is there only as long as it does (Held, of the parts
// below), so that an idle connection holds no buffer:
//
//   inbound.h       what was read and not consumed
//   outbound.h      what the kernel did not take
//   peer_watch.h    looks at a peer that keeps us waiting: for its progress, and for its end
//   budget_share.h  what of this counts in the memory budget of all connections
//
// How far it has come is one state (connection_state.h); why it does not read is one set
// (read_stops.h), and it reads exactly while that is empty. Both are checked at the end of every
// event that is not a usual one, and with them the invariant of each part.
//
// A last reply leaves together with our end, in one piece, and the connection is looked at a moment
// later, when most peers have ended, too: only a peer that takes its time is watched (kGlance). It
// is waited for because a reset would destroy what it has not read.
//
// More than 25 functions, half of them public: all that a session needs of its peer is here, so
// that it has one object to speak with. The loop's thread only.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <system_error>

#include "appd/reactor/any_transport.h"
#include "appd/reactor/connection/connection_delegate.h"
#include "appd/reactor/connection/connection_state.h"
#include "appd/reactor/connection/read_stops.h"
#include "appd/reactor/memory/buffer.h"

namespace appd::reactor {

class Connection final : private EventSink {
 public:
  using State = ConnectionState;

  // From our end to the first look for the peer's, where the poller does not watch the connection:
  // most peers on the same machine have ended by then, and nobody waits longer because of it.
  static constexpr auto kGlance = std::chrono::milliseconds(1);

  Connection(ConnectionContext& context, AnyTransport transport, ConnectionDelegate& delegate);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  // Closes without a callback if still open.
  ~Connection();

  // Begins to read, at once: a request is often there before its accept. (Within another
  // connection's callback: in the next turn.) Once, after which the delegate may be called.
  void start();

  // After all that was sent before; what the kernel does not take is copied. In on_bytes() and
  // on_end() it leaves on their return. Begins to read, too, if start() did not. Only in kOpen.
  // `owner`: the string that `body` lies in, if it may be moved from. Then a large body is not
  // copied.
  void send(std::span<const std::byte> head, std::span<const std::byte> body = {},
            std::string* owner = nullptr);
  // Runs `body`, and what it sends leaves together.
  void together(const std::function<void()>& body);
  // Ends the sending direction after all unsent bytes, and goes on reading (half-close).
  void finish_sending();

  // Reads what has arrived without waiting for the loop to say so, once and within the limits of
  // flow control. Whether there was anything. Not within a callback of any connection.
  bool read_now();
  // The delegate's own reason not to read; resume shows what was kept in the next turn, if that is
  // as much as was `wanted`. In between the connection looks for the peer's end (on_end_ahead()).
  void pause_reading();
  void resume_reading();
  // Bytes that the delegate keeps on this connection's behalf, now: the budget counts them, too.
  void set_delegate_bytes(std::size_t bytes);

  // Orderly: sends what is unsent, then our end, then waits for the peer's, for a time (see above).
  void close();
  // At once and in order, where that can destroy nothing: nothing is unsent or unacknowledged, and
  // no input waits, which would turn the close into a reset. false: not so, and nothing was done.
  [[nodiscard]] bool close_if_delivered();
  // At once; unsent bytes are lost.
  void abort(std::error_code reason);
  // Drops what has arrived, in so many reads at most: an abort() after it is no reset. Not within
  // a callback of any connection.
  void discard_input(int reads);
  // For a time limit that has come: whether the peer was seen to acknowledge bytes, or to send some
  // that are kept, since then. At the first look bytes that are not acknowledged count as that.
  [[nodiscard]] bool progressed_since(TimePoint since);

  // The delegate's own time limit, in place of an earlier one; it counts while the connection is
  // open, and from start() on. Costs what moving a timer costs, at the end of the event.
  void set_deadline(TimePoint deadline);
  void clear_deadline() { set_deadline(TimePoint::max()); }
  [[nodiscard]] bool has_deadline() const { return deadline_ != TimePoint::max(); }

  [[nodiscard]] State state() const { return state_; }
  // It was neither closed nor broken.
  [[nodiscard]] bool open() const { return is_open(state_); }
  // Why it does not read. None: it reads (what it discards, once it is not open).
  [[nodiscard]] ReadStops read_stops() const { return stops_; }
  // A delegate that produces much from little stops when this is true and consumes no more.
  [[nodiscard]] bool above_high_watermark() const { return stops_.has(ReadStop::kHighWatermark); }
  // The budget of all connections is used up; looked at again every few milliseconds.
  [[nodiscard]] bool stopped_by_budget() const { return stops_.has(ReadStop::kBudget); }
  [[nodiscard]] std::size_t unsent_bytes() const;
  // The peer's bytes that are kept because the delegate did not consume them.
  [[nodiscard]] std::size_t kept_bytes() const;
  // Within on_bytes(), which is shown `shown` and will consume all of it: their memory, so that a
  // large message need not be copied to outlive the call. Empty, where they lie in the loop's.
  [[nodiscard]] Buffer take_shown(std::span<const std::byte> shown);
  [[nodiscard]] AnyTransport& transport() { return transport_; }
  [[nodiscard]] ConnectionContext& context() const { return context_; }
  [[nodiscard]] EventLoop& loop() const { return context_.loop; }

 private:
  class Held;  // connection_held.h
  enum class Event : std::uint8_t {
    kNone,
    kDirect,      // within one of another connection, which has the loop's buffers
    kCollecting,  // with the loop's buffers: what is sent collects in the output buffer
  };

  void on_ready(Ready ready) override;
  void on_due() override;
  [[nodiscard]] TimePoint due() const override;
  // Runs `body` as one event: what is sent in it leaves together at its end.
  template <class Body>
  void event(Body body);
  void end_event();
  void update_interest();
  void arm_timer();
  [[nodiscard]] ConnectionDelegate& delegate() const;

  // Whether bytes or the end came.
  bool read_some();
  void take_input(std::span<const std::byte> fresh, bool in_place);
  void discard_some();
  void write_now(std::span<const std::byte> head, std::span<const std::byte> body,
                 std::string* owner);
  void flush_collected();

  // The one place where the state changes, and with it the deadline and the reasons not to read.
  void enter(State state);
  [[nodiscard]] bool closed() const { return is_closed(state_); }
  void continue_closing();
  void linger();
  void on_linger_due();
  void finish_close(std::error_code reason);
  void report_closed();

  [[nodiscard]] bool in_event() const { return event_ != Event::kNone; }
  [[nodiscard]] Held& hold();
  void settle();
  void check_invariant() const;

  // There is one for each idle connection: a test counts the bytes.
  ConnectionContext& context_;
  ConnectionDelegate& delegate_;
  TimePoint deadline_ = TimePoint::max();         // the delegate's; once it is closing, the state's
  std::unique_ptr<Held> held_;                    // while anything waits
  [[no_unique_address]] AnyTransport transport_;  // slot_ lies in its last four bytes
  Slot slot_;                                     // in the loop, until it is closed
  State state_ = State::kOpen;
  ReadStops stops_ = ReadStop::kNotStarted;
  Interest read_wants_ = Interest::kRead;  // what a read that would block waits for
  Event event_ = Event::kNone;
};

}  // namespace appd::reactor
