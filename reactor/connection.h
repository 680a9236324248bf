// One peer: moves bytes between a transport and a delegate.
//
//   open ---- close() ----> flushing --- all sent ---> lingering --- peer's end, or time --->
//   closed
//     \________ abort(), a broken stream, write or linger time-out __________________________/
//
// Reading: into the loop's own buffer, handed to the delegate in place; only what it did not
// consume is kept, in a buffer of the connection's own. Writing: replies of one callback collect in
// the loop's output buffer and leave with one system call; only what the kernel refuses is kept.
// An idle connection holds no buffer.
//
// Flow control, each a reason of its own not to read: the delegate paused; unsent bytes above the
// high watermark (until a quarter is left); the budget of all connections is used up.
//
// The loop's thread only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <system_error>

#include "reactor/buffer.h"
#include "reactor/buffer_budget.h"
#include "reactor/event_loop.h"
#include "reactor/transport.h"

namespace appd::reactor {

// What a delegate did with the bytes it was shown.
struct Consumed {
  std::size_t bytes = 0;  // from the front; the rest is kept and shown again with more behind
  // How many bytes, counted from the first one not consumed, it needs to go on; it is not called
  // before so many are there. 0: any more will do.
  std::size_t wanted = 0;
};

// Called on the loop's thread. May call anything of the connection, but must not destroy it.
class ConnectionDelegate {
 public:
  // `bytes` is valid during the call only.
  [[nodiscard]] virtual Consumed on_bytes(std::span<const std::byte> bytes) = 0;
  // The peer will send no more; what it sent was shown. Sending is still possible.
  virtual void on_end() = 0;
  // Unsent bytes went from above the high watermark down to the low one.
  virtual void on_drained() {}
  // Reading stops by itself until there is room again.
  enum class StopReason : std::uint8_t { kHighWatermark, kBudget };
  virtual void on_reading_stopped(StopReason /*reason*/) {}
  // Exactly once, and the last call: closed in order (no error) or broken. Never from within
  // close(), abort() or send() of the caller, always from the loop.
  virtual void on_closed(std::error_code reason) = 0;

 protected:
  ~ConnectionDelegate() = default;
};

// Shared by the connections of a server; outlives them.
struct ConnectionOptions {
  std::size_t write_high_watermark = 1024 * 1024;     // bytes; reading goes on at a quarter of it
  Duration write_timeout = std::chrono::seconds(30);  // without any progress of unsent bytes
  Duration linger_timeout = std::chrono::seconds(5);  // from our end to the peer's
  BufferBudget* budget = nullptr;
};

class Connection final : private EventSink {
 public:
  enum class State : std::uint8_t {
    kOpen,       // both directions carry bytes
    kFlushing,   // close() was called: unsent bytes go out, what arrives is thrown away
    kLingering,  // our end is sent: what arrives is thrown away until the peer's end
    kClosed,     // nothing moves; on_closed() was or will be called
  };

  Connection(EventLoop& loop, const ConnectionOptions& options,
             std::unique_ptr<Transport> transport, ConnectionDelegate& delegate);
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
  // as much as was `wanted`.
  void pause_reading();
  void resume_reading();
  // Bytes that the delegate keeps on this connection's behalf, now: they count in the budget as the
  // connection's own.
  void set_delegate_bytes(std::size_t bytes);

  // Orderly: sends what is unsent, then our end, then waits for the peer's (bounded): a reset would
  // destroy bytes that the peer has not read yet.
  void close();
  // At once; unsent bytes are lost.
  void abort(std::error_code reason);

  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] bool open() const { return state_ == State::kOpen; }
  // A delegate that produces much from little stops when this is true and consumes no more.
  [[nodiscard]] bool above_high_watermark() const { return above_watermark_; }
  // The budget of all connections is used up; looked at again every few milliseconds.
  [[nodiscard]] bool stopped_by_budget() const { return budget_paused_; }
  [[nodiscard]] std::size_t unsent_bytes() const;
  // The peer's bytes that are kept because the delegate did not consume them.
  [[nodiscard]] std::size_t kept_bytes() const { return input_.size(); }
  [[nodiscard]] Transport& transport() { return *transport_; }
  [[nodiscard]] EventLoop& loop() { return loop_; }

 private:
  void on_ready(Ready ready) override;
  void on_timer();
  // Runs `body` as one event: what is sent in it leaves together at its end.
  template <class Body>
  void event(Body body);
  void end_event();

  // Where a read goes: behind what is kept in input_, or into the loop's buffer.
  struct ReadTarget {
    std::span<std::byte> room;
    bool in_input;
  };

  [[nodiscard]] bool wants_input() const;
  [[nodiscard]] bool may_read();
  // Whether bytes or the end came.
  bool read_some();
  [[nodiscard]] ReadTarget read_target();
  void take_input(std::span<const std::byte> fresh, bool in_input);
  void keep_input(std::span<const std::byte> bytes);
  void show_kept_input();
  void discard_some();

  void write_now(std::span<const std::byte> head, std::span<const std::byte> body);
  void note_unsent();
  void flush_collected();
  void flush_unsent();
  void continue_closing();
  void finish_close(std::error_code reason);

  void update_interest();
  void arm_timer();
  void account();

  EventLoop& loop_;
  const ConnectionOptions& options_;
  ConnectionDelegate& delegate_;
  std::unique_ptr<Transport> transport_;
  Registration registration_;  // behind transport_: goes before the descriptor is closed
  Buffer input_;               // the rest of what the delegate did not consume
  Buffer unsent_;              // what the kernel did not take
  std::size_t wanted_ = 0;     // bytes of input_ and behind it that the delegate waits for
  std::size_t accounted_ = 0;  // bytes the budget knows of
  std::size_t delegate_bytes_ = 0;
  TimePoint write_deadline_{};
  std::error_code close_reason_;
  Timer timer_;  // write time-out, linger time-out, the next look at the budget, or on_closed()

  State state_ = State::kOpen;
  Interest read_wants_ = Interest::kRead;    // what a read that would block waits for
  Interest write_wants_ = Interest::kWrite;  // likewise
  bool in_event_ = false;
  bool collecting_ = false;  // has the loop's buffers: send() collects in the output buffer
  bool paused_ = false;      // by the delegate
  bool above_watermark_ = false;
  bool budget_paused_ = false;
  bool budget_told_ = false;    // the delegate knows that the budget stopped it
  bool overdraft_ = false;      // holds the budget's overdraft
  bool redeliver_ = false;      // input_ is to be shown again without new bytes
  bool end_seen_ = false;       // the peer's end was read
  bool finish_wanted_ = false;  // finish_sending() was called
  bool write_shut_ = false;     // our end is sent
  bool closed_reported_ = false;
};

}  // namespace appd::reactor
