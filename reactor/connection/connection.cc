// A connection's events, and what follows from each at its end.
#include "appd/reactor/connection/connection.h"

#include <algorithm>
#include <memory>
#include <new>
#include <utility>

#include "appd/reactor/connection/connection_held.h"

namespace appd::reactor {

Connection::Connection(ConnectionContext& context, AnyTransport transport,
                       ConnectionDelegate& delegate)
    : context_(context),
      delegate_(delegate),
      transport_(std::move(transport)),
      slot_(context.loop.take_slot(*this)) {
  try {
    loop().timers().take_place();
  } catch (const std::bad_alloc&) {
    loop().give_back(slot_, transport_.descriptor());
    throw;
  }
}

Connection::~Connection() {
  if (!closed()) loop().give_back(slot_, transport_.descriptor());
  loop().timers().cancel(*this);
  loop().timers().give_place_back();
}

void Connection::start() {
  stops_.remove(ReadStop::kNotStarted);
  event([this] {
    if (event_ == Event::kCollecting) {
      read_some();
    } else {  // the loop's read buffer holds what the other connection's delegate looks at
      loop().schedule(slot_);
    }
  });
}

// Every call of the delegate but the last goes through here.
ConnectionDelegate& Connection::delegate() const { return delegate_; }

// Events -----------------------------------------------------------------------------------------

void Connection::on_ready(Ready ready) {
  event([&] {
    const bool may_read = read_wants_ == Interest::kRead ? ready.readable : ready.writable;
    bool shows_kept = false;
    if (held_) {
      const bool may_write =
          held_->output.wants() == Interest::kWrite ? ready.writable : ready.readable;
      if (may_write && !held_->output.empty()) held_->flush();
      shows_kept = held_->input.to_be_shown();
    }
    if (open()) {
      if (may_read || shows_kept) read_some();
    } else if (may_read && !closed()) {
      discard_some();
    }
  });
  if (closed()) report_closed();
}

void Connection::on_due() {
  if (closed()) {
    report_closed();
    return;
  }
  const bool linger_due = waits_for_peers_end(state_) && loop().now() >= deadline_;
  if (linger_due) {
    event([this] { on_linger_due(); });
  } else if (held_ && loop().now() >= held_->next_deadline()) {
    event([this] { held_->on_due(); });
  }
  if (open() && loop().now() >= deadline_) {
    deadline_ = TimePoint::max();
    delegate().on_deadline();
  }
  arm_timer();
}

void Connection::end_event() {
  event_ = Event::kNone;
  try {
    if (stops_.none() && transport_.has_buffered_input()) loop().schedule(slot_);
    if (!closed()) update_interest();
  } catch (const std::bad_alloc&) {  // nobody would look at it again
    finish_close(std::make_error_code(std::errc::not_enough_memory));
  }
  if (held_ || state_ != State::kOpen) settle();
  arm_timer();
}

void Connection::update_interest() {
  Interest interest = stops_.none() ? read_wants_ : Interest::kNone;
  if (held_ && !held_->output.empty()) interest = interest | held_->output.wants();
  if (interest == loop().interest(slot_)) return;
  const auto done = loop().set_interest(slot_, transport_.descriptor(), interest);
  if (!done) finish_close(done.error().code);
}

// Off the usual way: what is held is accounted for and, once nothing waits any more, forgotten.
void Connection::settle() {
  if (held_) held_->settle();
  check_invariant();
  if (held_ && !held_->anything()) held_.reset();
}

void Connection::check_invariant() const {
  APPD_CHECK(stops_.has(ReadStop::kClosed) == closed(), static_cast<int>(state_), stops_);
  APPD_CHECK(stops_.has(ReadStop::kGlancing) == (state_ == State::kGlancing),
             static_cast<int>(state_), stops_);
  constexpr ReadStops kOfHeld = ReadStop::kPaused | ReadStop::kHighWatermark | ReadStop::kBudget;
  APPD_CHECK(held_ || !stops_.has_any(kOfHeld), stops_);
  if (held_) held_->check_invariant();
}

Connection::Held& Connection::hold() {
  if (!held_) held_ = std::make_unique<Held>(*this);
  return *held_;
}

// Time -------------------------------------------------------------------------------------------

void Connection::set_deadline(TimePoint deadline) {
  if (!open()) return;
  deadline_ = deadline;
  if (!in_event() && !stops_.has(ReadStop::kNotStarted)) arm_timer();
}

// One timer serves all that a connection and its delegate wait for.
TimePoint Connection::due() const {
  return held_ ? std::min(deadline_, held_->next_deadline()) : deadline_;
}

void Connection::arm_timer() {
  const TimePoint next = due();
  if (next == TimePoint::max()) {
    loop().timers().cancel(*this);
  } else {
    loop().timers().arm(*this, next);
  }
}

bool Connection::progressed_since(TimePoint since) {
  const std::size_t unacknowledged = transport_.unacknowledged_bytes();
  if (!held_ && unacknowledged == 0) return false;
  Held& held = hold();
  const bool progressed = held.peer.progressed_since(since, unacknowledged, !held.output.empty(),
                                                     held.input.size(), loop().now());
  if (!in_event()) settle();
  return progressed;
}

}  // namespace appd::reactor
