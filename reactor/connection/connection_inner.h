// What the sources of Connection share; for connection*.cc only.
#pragma once

#include <cstdint>
#include <new>
#include <utility>

#include "appd/reactor/check.h"
#include "appd/reactor/connection/connection.h"
#include "appd/reactor/memory/buffer.h"

namespace appd::reactor {

struct Connection::Held {
  Buffer input;               // the rest of what the delegate did not consume
  Buffer unsent;              // what the kernel did not take
  std::size_t wanted = 0;     // bytes of input and behind it that the delegate waits for
  std::size_t accounted = 0;  // bytes the budget knows of
  std::size_t delegate_bytes = 0;
  TimePoint turn_ends{};             // while it has the budget's overdraft
  std::size_t turn_began_bytes = 0;  // what was kept then
  std::uint32_t wasted_turns = 0;
  // When the peer was last seen to move: to take what is to be sent, or (progressed_since()) to
  // send. Means something only while it keeps us waiting.
  TimePoint progress{};
  TimePoint next_look{};  // at the peer, while there is something unsent or reading is paused
  std::int64_t handed_over = 0;  // bytes that the system took since this is here
  // Of these (and of earlier ones: below 0) the peer had acknowledged so many at the last look.
  std::int64_t acknowledged = kNoLook;
  std::size_t input_seen = 0;  // how much input there was when progressed_since() was asked last
  std::error_code close_reason;

  static constexpr std::int64_t kNoLook = INT64_MIN;
  // A look: whether more is acknowledged than at the last one. At the first nothing is known of
  // what was before, which counts as progress.
  [[nodiscard]] bool advanced(std::size_t unacknowledged) {
    const std::int64_t now = handed_over - static_cast<std::int64_t>(unacknowledged);
    return now > std::exchange(acknowledged, now);
  }
};

// Where a read goes.
struct Connection::ReadTarget {
  std::span<std::byte> room;
  bool in_input;  // behind what is kept, else into the loop's buffer
};

template <class Body>
void Connection::event(Body body) {
  APPD_CHECK(!in_event_);
  in_event_ = true;
  collecting_ = loop().claim_buffers();
  try {
    body();
    flush_collected();
    continue_closing();
  } catch (const std::bad_alloc&) {
    finish_close(std::make_error_code(std::errc::not_enough_memory));
    flush_collected();
  }
  if (collecting_) loop().release_buffers();
  collecting_ = false;
  end_event();
}

}  // namespace appd::reactor
