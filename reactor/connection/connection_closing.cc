// How a connection ends.
#include <algorithm>

#include "appd/reactor/connection/connection_held.h"

namespace appd::reactor {

void Connection::finish_sending() {
  if (state_ != State::kOpen) return;
  enter(State::kFinishing);
  if (!in_event()) event([] {});
}

void Connection::close() {
  if (!open()) return;
  if (!in_event()) {
    event([this] { close(); });
    return;
  }
  const bool end_sent = state_ == State::kHalfClosed;
  enter(State::kFlushing);
  if (end_sent) linger();
}

bool Connection::close_if_delivered() {
  if (!open() || kept_bytes() > 0 || unsent_bytes() > 0) return false;
  if (transport_.input_waiting() || transport_.unacknowledged_bytes() > 0) return false;
  finish_close({});
  if (!in_event()) end_event();
  return true;
}

void Connection::abort(std::error_code reason) {
  finish_close(reason);
  if (!in_event()) end_event();
}

void Connection::enter(State state) {
  state_ = state;
  if (open()) return;
  // Of what stopped an open one, and of its delegate's time, nothing counts any more.
  stops_.keep_only(ReadStop::kEndRead);
  deadline_ = TimePoint::max();
  if (state == State::kGlancing) {
    stops_.add(ReadStop::kGlancing);
    deadline_ = loop().now() + kGlance;
  } else if (state == State::kLingering) {
    deadline_ = loop().now() + context_.options.linger_timeout;
  } else if (closed()) {
    stops_.add(ReadStop::kClosed);
    if (state != State::kReported) deadline_ = loop().now();  // on_closed() comes from the loop
  }
}

// The one place where a close goes on, at the end of each event.
void Connection::continue_closing() {
  if (our_end_follows(state_) && (!held_ || held_->output.empty())) {
    const IoResult result = transport_.shutdown_write();
    if (result.outcome == IoOutcome::kError) {
      finish_close(state_ == State::kFlushing ? std::error_code() : result.error);
    } else if (state_ == State::kFlushing) {
      linger();
    } else {
      enter(State::kHalfClosed);
    }
  }
  if (waits_for_peers_end(state_) && stops_.has(ReadStop::kEndRead)) finish_close({});
}

void Connection::linger() {
  const bool watched = loop().interest(slot_) != Interest::kNone;
  enter(watched ? State::kLingering : State::kGlancing);
}

// What is not acknowledged yet is a reply that its peer may still be reading, so that a reset would
// destroy it: for that the write time-out counts.
void Connection::on_linger_due() {
  if (state_ == State::kGlancing) {
    enter(State::kLingering);
    discard_some();
    return;
  }
  const std::size_t unacknowledged = transport_.unacknowledged_bytes();
  if (unacknowledged == 0) {
    finish_close({});
    return;
  }
  const ConnectionOptions& options = context_.options;
  PeerWatch& peer = hold().peer;
  if (peer.stands_still(unacknowledged, loop().now(), options.write_timeout)) {
    finish_close(std::make_error_code(std::errc::timed_out));
    return;
  }
  deadline_ =
      std::min(loop().now() + options.linger_timeout, peer.last_progress() + options.write_timeout);
}

// Needs no memory: where there is none for the reason, that is the reason.
void Connection::finish_close(std::error_code reason) {
  if (closed()) return;
  enter(reason ? State::kBroken : State::kClosed);
  try {
    if (reason) hold().close_reason = reason;
  } catch (const std::bad_alloc&) {  // report_closed() tells this reason instead
  }
  if (held_) held_->output.discard();
  loop().give_back(slot_, transport_.descriptor());
}

void Connection::report_closed() {
  if (state_ == State::kReported) return;
  loop().timers().cancel(*this);
  std::error_code reason;
  if (state_ == State::kBroken) {
    reason = held_ ? held_->close_reason : std::make_error_code(std::errc::not_enough_memory);
  }
  const State before = state_;
  enter(State::kReported);
  try {
    delegate_.on_closed(reason);
  } catch (const std::bad_alloc&) {  // in a later turn there may be some
    enter(before);
    arm_timer();
  }
}

}  // namespace appd::reactor
