// What the sources of Connection share; for connection*.cc only.
#pragma once

#include <new>

#include "reactor/buffer.h"
#include "reactor/check.h"
#include "reactor/connection.h"
#include "reactor/planted.h"

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
  TimePoint write_deadline{};  // while there is something unsent
  std::error_code close_reason;
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
