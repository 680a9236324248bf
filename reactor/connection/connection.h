// One peer: moves bytes between a transport and a delegate.
//
//   open ---- close() ----> flushing --- all sent ---> lingering -- peer's end, time --> closed
//     \________ abort(), a broken stream, write or linger time-out __________________________/
//
// Reading: into the loop's own buffer, handed to the delegate in place; only what it did not
// consume is kept, in a buffer of the connection's own. Writing: replies of one callback collect in
// the loop's output buffer and leave with one system call; only what the kernel refuses is kept.
// An idle connection holds no buffer: what is needed while bytes wait is an object that is there
// only as long as they do.
//
// A last reply leaves together with our end, in one piece, and the connection is looked at a moment
// later, when most peers have ended, too: only a peer that takes its time is watched (kGlance). It
// is waited for because a reset would destroy what it has not read.
// A peer's progress is what it acknowledges, not only what the kernel takes from us: that may take
// nothing for minutes while a slow reader empties its buffers. Asked for where it keeps us waiting.
// Flow control, each a reason of its own not to read: the delegate paused; unsent bytes above the
// high watermark (until a quarter is left); the budget of all connections is used up.
// Memory for input follows what arrived: a kept rest is at most doubled, whatever was announced.
//
// The loop's thread only.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <system_error>

#include "appd/reactor/any_transport.h"
#include "appd/reactor/connection/connection_delegate.h"

namespace appd::reactor {

class Connection final : private EventSink {
 public:
  enum class State : std::uint8_t {
    kOpen,       // both directions carry bytes
    kFlushing,   // close() was called: unsent bytes go out, what arrives is thrown away
    kLingering,  // our end is sent: what arrives is thrown away until the peer's end
    kClosed,     // nothing moves; on_closed() was or will be called
  };

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

  // Sends `head` and `body` behind all that was sent before. What the kernel does not take is
  // copied. Ignored when not open. In on_bytes() and on_end() it leaves when they return.
  void send(std::span<const std::byte> head, std::span<const std::byte> body = {});
  // Ends the sending direction behind all unsent bytes, and goes on reading (half-close).
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
  // Drops what has arrived, in so many reads at most: an abort() behind it is no reset. Not within
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
  [[nodiscard]] bool open() const { return state_ == State::kOpen; }
  // A delegate that produces much from little stops when this is true and consumes no more.
  [[nodiscard]] bool above_high_watermark() const { return above_watermark_; }
  // The budget of all connections is used up; looked at again every few milliseconds.
  [[nodiscard]] bool stopped_by_budget() const { return budget_paused_; }
  [[nodiscard]] std::size_t unsent_bytes() const;
  // The peer's bytes that are kept because the delegate did not consume them.
  [[nodiscard]] std::size_t kept_bytes() const;
  [[nodiscard]] AnyTransport& transport() { return transport_; }
  [[nodiscard]] ConnectionContext& context() const { return context_; }
  [[nodiscard]] EventLoop& loop() const { return context_.loop; }

 private:
  struct Held;  // connection_inner.h
  struct ReadTarget;

  void on_ready(Ready ready) override;
  void on_due() override;
  [[nodiscard]] TimePoint due() const override;
  // Runs `body` as one event: what is sent in it leaves together at its end.
  template <class Body>
  void event(Body body);
  void end_event();

  [[nodiscard]] bool wants_input() const;
  [[nodiscard]] bool may_read();
  // Of the budget: whether this connection may go beyond it now, from now on, no longer.
  [[nodiscard]] bool take_turn(BufferBudget& budget);
  void end_turn();
  void stop_by_budget(BufferBudget& budget);
  void go_on_by_budget();
  [[nodiscard]] bool turn_over() const;
  // Whether bytes or the end came.
  bool read_some();
  [[nodiscard]] ReadTarget read_target();
  void take_input(std::span<const std::byte> fresh, bool in_input);
  void keep_input(std::span<const std::byte> bytes);
  void set_wanted(std::size_t bytes);
  void show_kept_input();
  void show_again();
  void discard_some();

  [[nodiscard]] IoResult write(std::span<const std::byte> head, std::span<const std::byte> body);
  void write_now(std::span<const std::byte> head, std::span<const std::byte> body);
  void note_unsent();
  void flush_collected();
  void flush_unsent();
  [[nodiscard]] bool wants_end() const;
  void continue_closing();
  void linger();
  void on_linger_due();
  void look_later();
  void note_progress();
  [[nodiscard]] bool looks_for_end() const;
  [[nodiscard]] bool look_due() const;
  void look_at_peer();
  void finish_close(std::error_code reason);

  [[nodiscard]] TimePoint next_deadline() const;
  [[nodiscard]] bool own_deadline_due() const;
  void on_own_deadline();
  [[nodiscard]] ConnectionDelegate& delegate() const;
  void report_closed();
  void stop_watching();
  void update_interest();
  void arm_timer();
  void account();
  [[nodiscard]] Held& hold();
  [[nodiscard]] bool has_input() const;
  [[nodiscard]] bool has_unsent() const;
  void release_input();
  void forget_held();

  // There is one for each idle connection: a test counts the bytes.
  ConnectionContext& context_;
  ConnectionDelegate& delegate_;
  TimePoint deadline_ =
      TimePoint::max();  // the delegate's; of a lingering connection, the linger's
  std::unique_ptr<Held> held_;
  [[no_unique_address]] AnyTransport transport_;  // slot_ lies in its last four bytes
  Slot slot_;

  State state_ : 2 = State::kOpen;
  Interest read_wants_ : 2 = Interest::kRead;    // what a read that would block waits for
  Interest write_wants_ : 2 = Interest::kWrite;  // likewise
  bool started_ : 1 = false;
  bool in_event_ : 1 = false;
  bool collecting_ : 1 = false;  // has the loop's buffers: send() collects in the output buffer
  bool paused_ : 1 = false;      // by the delegate
  bool above_watermark_ : 1 = false;
  bool budget_paused_ : 1 = false;
  bool budget_told_ : 1 = false;    // the delegate knows that the budget stopped it
  bool overdraft_ : 1 = false;      // holds the budget's overdraft
  bool redeliver_ : 1 = false;      // the kept input is to be shown again without new bytes
  bool end_seen_ : 1 = false;       // the peer's end was read
  bool end_ahead_ : 1 = false;      // it was found while reading is paused
  bool finish_wanted_ : 1 = false;  // finish_sending() was called
  bool write_shut_ : 1 = false;     // our end is sent
  bool glancing_ : 1 = false;       // lingers, not watched until the first look
  bool watched_ : 1 = true;         // has its slot
  bool broken_ : 1 = false;         // closed, and not in order
  bool closed_reported_ : 1 = false;
};

}  // namespace appd::reactor
