// Who understands the bytes that a Connection moves, and what connections have in common.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <system_error>

#include "appd/reactor/event_loop.h"
#include "appd/reactor/memory/buffer_budget.h"
#include "appd/reactor/memory/retirable.h"

namespace appd::reactor {

// What a delegate did with the bytes it was shown.
struct Consumed {
  std::size_t bytes = 0;  // from the front; the rest is kept and shown again with more behind
  // How many bytes, counted from the first one not consumed, it needs to go on; it is not called
  // before so many are there. 0: any more will do.
  std::size_t wanted = 0;
};

// Called on the loop's thread. May call anything of the connection, but must not destroy it: one
// that owns its connection is handed to EventLoop::retire().
class ConnectionDelegate : public Retirable {
 public:
  // `bytes` is valid during the call only.
  [[nodiscard]] virtual Consumed on_bytes(std::span<const std::byte> bytes) = 0;
  // The peer will send no more; what it sent was shown. Sending is still possible.
  virtual void on_end() = 0;
  // While reading is paused (pause_reading()) the connection looks for the peer's end every second
  // or so: it has come, behind bytes that are not read. Once for each pause.
  virtual void on_end_ahead() {}
  // Unsent bytes went from above the high watermark down to the low one.
  virtual void on_drained() {}
  // Reading stops by itself until there is room again.
  enum class StopNotice : std::uint8_t {
    kHighWatermark,
    kBudget,
    kBudgetStill,  // told at each look until it goes on
    // The budget's reserve is used up as well, and this message was not complete within its turn:
    // the delegate should end it, so that its memory is free for others.
    kOverdrawn,
  };
  virtual void on_reading_stopped(StopNotice /*notice*/) {}
  // The time of Connection::set_deadline() has come, and the connection is open. Not within any
  // event of the connection.
  virtual void on_deadline() {}
  // Exactly once, and the last call: closed in order (no error) or broken. Never from within
  // close(), abort() or send() of the caller, always from the loop. One that throws std::bad_alloc
  // has done nothing yet, and is called again.
  virtual void on_closed(std::error_code reason) = 0;
};

// Shared by the connections of a server; outlives them.
struct ConnectionOptions {
  std::size_t write_high_watermark = 1024 * 1024;  // bytes; reading goes on at a quarter of it
  // Without any progress of bytes that are to be sent. Progress is what the peer acknowledges
  // (Transport::unacknowledged_bytes), looked at eight times within this time and at least once a
  // second: so much later than this a peer that stands still may be closed.
  Duration write_timeout = std::chrono::seconds(30);
  // From our end to the peer's; longer only while bytes are not acknowledged, which then is
  // write_timeout's affair.
  Duration linger_timeout = std::chrono::seconds(5);
  BufferBudget* budget = nullptr;
};

// What the connections of a loop share; outlives them.
struct ConnectionContext {
  EventLoop& loop;
  const ConnectionOptions& options;
};

}  // namespace appd::reactor
