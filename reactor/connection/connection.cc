#include "appd/reactor/connection/connection.h"

#include <algorithm>
#include <memory>
#include <new>
#include <utility>

#include "appd/reactor/connection/connection_inner.h"

namespace appd::reactor {
namespace {

// How often a connection looks at a peer that keeps it waiting: at its progress, so many times
// within the write time-out and at least so often, and for its end.
constexpr int kLooks = 8;
constexpr auto kLookInterval = std::chrono::seconds(1);

}  // namespace

Connection::Connection(ConnectionContext& context, AnyTransport transport,
                       ConnectionDelegate& delegate)
    : context_(context),
      delegate_(delegate),
      transport_(std::move(transport)),
      slot_(context.loop.take_slot(*this)) {
  try {
    loop().timers().take_place();
  } catch (const std::bad_alloc&) {
    stop_watching();
    throw;
  }
}

Connection::~Connection() {
  state_ = State::kClosed;
  stop_watching();
  loop().timers().cancel(*this);
  loop().timers().give_place_back();
  if (held_) {
    held_->input.release();
    held_->unsent.release();
    held_->delegate_bytes = 0;
  }
  account();
}

// What is held -----------------------------------------------------------------------------------

Connection::Held& Connection::hold() {
  if (!held_) held_ = std::make_unique<Held>();
  return *held_;
}

bool Connection::has_input() const { return held_ && !held_->input.empty(); }

bool Connection::has_unsent() const { return held_ && !held_->unsent.empty(); }

std::size_t Connection::kept_bytes() const { return held_ ? held_->input.size() : 0; }

void Connection::release_input() {
  if (held_) held_->input.release();
}

// Once nothing waits any more.
void Connection::forget_held() {
  if (!held_ || broken_ || has_input() || has_unsent() || held_->wanted > 0 || paused_) return;
  if (held_->acknowledged != Held::kNoLook) return;
  if (held_->delegate_bytes == 0 && held_->accounted == 0) held_.reset();
}

// Events -----------------------------------------------------------------------------------------

void Connection::end_event() {
  in_event_ = false;
  if (state_ != State::kOpen) release_input();  // not earlier: the delegate was looking at it
  try {
    if (state_ != State::kClosed) {
      if (wants_input() && transport_.has_buffered_input()) loop().schedule(slot_);
      update_interest();
    }
  } catch (const std::bad_alloc&) {  // nobody would look at it again
    finish_close(std::make_error_code(std::errc::not_enough_memory));
  }
  account();
  forget_held();
  arm_timer();
}

void Connection::start() {
  started_ = true;
  event([this] {
    if (collecting_) {
      read_some();
    } else {  // the loop's read buffer holds what the other connection's delegate looks at
      loop().schedule(slot_);
    }
  });
}

void Connection::on_ready(Ready ready) {
  event([&] {
    const bool may_write = write_wants_ == Interest::kWrite ? ready.writable : ready.readable;
    const bool may_read = read_wants_ == Interest::kRead ? ready.readable : ready.writable;
    if (may_write && has_unsent()) flush_unsent();
    if (state_ == State::kOpen && (may_read || redeliver_)) {
      read_some();
    } else if (may_read && state_ != State::kOpen && state_ != State::kClosed) {
      discard_some();
    }
  });
  if (state_ == State::kClosed) report_closed();
}

void Connection::report_closed() {
  if (closed_reported_) return;
  closed_reported_ = true;
  loop().timers().cancel(*this);
  std::error_code reason;
  if (broken_)
    reason = held_ ? held_->close_reason : std::make_error_code(std::errc::not_enough_memory);
  try {
    delegate_.on_closed(reason);
  } catch (const std::bad_alloc&) {  // in a later turn there may be some
    closed_reported_ = false;
    arm_timer();
    return;
  }
}

// Every call of the delegate but the last goes through here.
ConnectionDelegate& Connection::delegate() const { return delegate_; }

// Time -------------------------------------------------------------------------------------------

void Connection::set_deadline(TimePoint deadline) {
  if (state_ != State::kOpen) return;
  deadline_ = deadline;
  if (started_ && !in_event_) arm_timer();
}

void Connection::on_due() {
  if (state_ == State::kClosed) {
    report_closed();
    return;
  }
  if (own_deadline_due()) {
    event([this] { on_own_deadline(); });
  }
  if (state_ == State::kOpen && loop().now() >= deadline_) {
    deadline_ = TimePoint::max();
    delegate().on_deadline();
  }
  arm_timer();
}

bool Connection::own_deadline_due() const {
  return budget_paused_ || turn_over() || look_due() ||
         (state_ == State::kLingering && loop().now() >= deadline_);
}

void Connection::on_own_deadline() {
  budget_paused_ = false;
  if (turn_over()) end_turn();
  if (look_due()) {
    look_at_peer();
  } else if (state_ == State::kLingering && loop().now() >= deadline_) {
    on_linger_due();
  }
}

// Looking at a peer that keeps us waiting --------------------------------------------------------

bool Connection::looks_for_end() const {
  return state_ == State::kOpen && paused_ && !end_seen_ && !end_ahead_;
}

bool Connection::look_due() const {
  return (has_unsent() || looks_for_end()) && loop().now() >= held_->next_look;
}

void Connection::look_later() {
  const Duration often = context_.options.write_timeout / kLooks;
  held_->next_look = loop().now() + std::min<Duration>(kLookInterval, often);
}

// Of bytes that are to be sent, or of the last ones.
void Connection::note_progress() {
  held_->progress = loop().now();
  look_later();
}

void Connection::look_at_peer() {
  look_later();
  if (has_unsent()) {
    if (held_->advanced(transport_.unacknowledged_bytes())) {
      note_progress();
    } else if (loop().now() >= held_->progress + context_.options.write_timeout) {
      finish_close(std::make_error_code(std::errc::timed_out));
    }
  }
  if (looks_for_end() && transport_.peer_ended()) {
    end_ahead_ = true;
    delegate().on_end_ahead();
  }
}

bool Connection::progressed_since(TimePoint since) {
  const std::size_t unacknowledged = transport_.unacknowledged_bytes();
  if (unacknowledged > 0 || has_unsent()) {
    if (hold().advanced(unacknowledged)) held_->progress = loop().now();
  } else if (held_) {
    held_->acknowledged = Held::kNoLook;
  }
  if (!held_) return false;
  if (std::exchange(held_->input_seen, kept_bytes()) != kept_bytes()) {
    held_->progress = loop().now();
  }
  const bool progressed = held_->progress > since;
  if (!in_event_) forget_held();
  return progressed;
}

// What is not acknowledged yet is a reply that its peer may still be reading, so that a reset would
// destroy it: for that the write time-out counts.
void Connection::on_linger_due() {
  const ConnectionOptions& options = context_.options;
  if (glancing_) {
    glancing_ = false;
    deadline_ = loop().now() + options.linger_timeout;
    discard_some();
    return;
  }
  const std::size_t unacknowledged = transport_.unacknowledged_bytes();
  if (unacknowledged == 0) {
    finish_close({});
  } else if (hold().advanced(unacknowledged)) {
    note_progress();
  } else if (loop().now() >= held_->progress + context_.options.write_timeout) {
    finish_close(std::make_error_code(std::errc::timed_out));
  }
  if (state_ != State::kLingering) return;
  deadline_ =
      std::min(loop().now() + options.linger_timeout, held_->progress + options.write_timeout);
}

// One timer serves all that a connection and its delegate wait for.
TimePoint Connection::next_deadline() const {
  if (state_ == State::kClosed) return closed_reported_ ? TimePoint::max() : loop().now();
  if (state_ == State::kLingering) return deadline_;
  TimePoint next = TimePoint::max();
  if (state_ == State::kOpen) next = deadline_;
  if (state_ == State::kOpen && budget_paused_) {
    next = std::min(next, loop().now() + context_.options.budget->retry());
  }
  if (overdraft_ && held_) next = std::min(next, held_->turn_ends);
  const bool looks = has_unsent() || looks_for_end();
  return looks ? std::min(next, held_->next_look) : next;
}

void Connection::arm_timer() {
  const TimePoint next = next_deadline();
  if (next == TimePoint::max()) {
    loop().timers().cancel(*this);
  } else {
    loop().timers().arm(*this, next);
  }
}

// The next look at the budget is due whenever its time comes up: nothing keeps that time.
TimePoint Connection::due() const {
  return budget_paused_ && state_ == State::kOpen ? loop().now() : next_deadline();
}

void Connection::update_interest() {
  Interest interest = Interest::kNone;
  if (wants_input()) interest = interest | read_wants_;
  if (has_unsent()) interest = interest | write_wants_;
  if (interest == loop().interest(slot_)) return;
  const auto done = loop().set_interest(slot_, transport_.descriptor(), interest);
  if (!done) finish_close(done.error().code);
}

void Connection::stop_watching() {
  if (watched_) loop().give_back(slot_, transport_.descriptor());
  watched_ = false;
}

void Connection::account() {
  BufferBudget* const budget = context_.options.budget;
  if (budget == nullptr || (!held_ && !overdraft_ && !budget_told_)) return;
  if (state_ != State::kOpen) go_on_by_budget();
  std::size_t held = 0;
  if (held_) {
    held = held_->input.capacity() + held_->unsent.capacity() + held_->delegate_bytes;
    if (held != held_->accounted) budget->change(held_->accounted, held);
    held_->accounted = held;
  }
  const bool reads_on = state_ == State::kOpen && !paused_;
  if (overdraft_ && (!reads_on || budget->allows(held))) {
    overdraft_ = false;
    budget->end_overdraft();
  }
}

// Closing ----------------------------------------------------------------------------------------

void Connection::finish_sending() {
  finish_wanted_ = true;
  if (!in_event_ && state_ == State::kOpen) event([] {});
}

void Connection::close() {
  if (state_ != State::kOpen) return;
  if (!in_event_) {
    event([this] { close(); });
    return;
  }
  state_ = State::kFlushing;
}

bool Connection::close_if_delivered() {
  if (state_ != State::kOpen || has_input() || unsent_bytes() > 0) return false;
  if (transport_.input_waiting() || transport_.unacknowledged_bytes() > 0) return false;
  finish_close({});
  if (!in_event_) end_event();
  return true;
}

void Connection::abort(std::error_code reason) {
  finish_close(reason);
  if (!in_event_) end_event();
}

// Whether our end follows what is written now.
bool Connection::wants_end() const {
  return state_ == State::kFlushing || (state_ == State::kOpen && finish_wanted_);
}

// The one place where a close goes on, at the end of each event.
void Connection::continue_closing() {
  if (wants_end() && !has_unsent() && !write_shut_) {
    write_shut_ = true;
    const IoResult result = transport_.shutdown_write();
    if (result.outcome == IoOutcome::kError) {
      finish_close(state_ == State::kFlushing ? std::error_code() : result.error);
      return;
    }
  }
  if (state_ == State::kFlushing && write_shut_) linger();
  if (state_ == State::kLingering && end_seen_) finish_close({});
}

void Connection::linger() {
  state_ = State::kLingering;
  glancing_ = loop().interest(slot_) == Interest::kNone;
  deadline_ = loop().now() + (glancing_ ? Duration(kGlance) : context_.options.linger_timeout);
}

// Needs no memory: where there is none for the reason, that is the reason.
void Connection::finish_close(std::error_code reason) {
  if (state_ == State::kClosed) return;
  state_ = State::kClosed;
  broken_ = static_cast<bool>(reason);
  try {
    if (broken_ && !held_) held_ = std::make_unique<Held>();
  } catch (const std::bad_alloc&) {  // report_closed() tells this reason instead
  }
  if (held_) {
    held_->close_reason = reason;
    held_->unsent.release();
  }
  stop_watching();
}

}  // namespace appd::reactor
