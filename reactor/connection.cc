#include "reactor/connection.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

#include "reactor/check.h"
#include "reactor/planted.h"

namespace appd::reactor {
namespace {

// From this size on, a body is written from where it lies instead of being copied behind the
// replies that wait in the loop's output buffer.
constexpr std::size_t kDirectBodyBytes = 16 * 1024;
// The loop's output buffer is sent when it would grow beyond this.
constexpr std::size_t kCollectedBytes = 64 * 1024;
// A kept rest of at most this size is copied in front of the next read, which then goes into the
// loop's buffer; a larger one grows in place.
constexpr std::size_t kSmallRestBytes = 4 * 1024;
// A length from the wire is believed up to this; beyond, memory grows with what really arrives.
constexpr std::size_t kTrustedBytes = 128 * 1024;
std::size_t trusted_bytes() {
  return planted(PlantedBug::kLengthBelieved) ? SIZE_MAX : kTrustedBytes;
}

// How soon a connection that the budget stopped looks again.
constexpr auto kBudgetRetry = std::chrono::milliseconds(10);

// Every call of a delegate goes through here.
ConnectionDelegate& called(ConnectionDelegate& delegate, bool closed_reported) {
  count_callback(closed_reported);
  return delegate;
}

}  // namespace

Connection::Connection(EventLoop& loop, const ConnectionOptions& options,
                       std::unique_ptr<Transport> transport, ConnectionDelegate& delegate)
    : loop_(loop),
      options_(options),
      delegate_(delegate),
      transport_(std::move(transport)),
      registration_(loop.watch(transport_->descriptor(), *this)),
      timer_(Timer::calling<&Connection::on_timer>(loop.timers(), *this)) {}

Connection::~Connection() {
  state_ = State::kClosed;
  input_.release();
  unsent_.release();
  delegate_bytes_ = 0;
  account();
}

// Events -----------------------------------------------------------------------------------------

template <class Body>
void Connection::event(Body body) {
  APPD_CHECK(!in_event_);
  in_event_ = true;
  collecting_ = loop_.claim_buffers();
  try {
    body();
    flush_collected();
    continue_closing();
  } catch (const std::bad_alloc&) {
    finish_close(std::make_error_code(std::errc::not_enough_memory));
    flush_collected();
  }
  if (std::exchange(collecting_, false)) loop_.release_buffers();
  end_event();
}

void Connection::end_event() {
  in_event_ = false;
  if (state_ != State::kOpen) input_.release();  // not earlier: the delegate was looking at it
  if (state_ != State::kClosed) {
    if (wants_input() && transport_->has_buffered_input()) registration_.schedule();
    update_interest();
  }
  account();
  arm_timer();
}

void Connection::start() {
  event([this] {
    if (collecting_) {
      read_some();
    } else {  // the loop's read buffer holds what the other connection's delegate looks at
      registration_.schedule();
    }
  });
}

void Connection::on_ready(Ready ready) {
  event([&] {
    const bool may_write = write_wants_ == Interest::kWrite ? ready.writable : ready.readable;
    const bool may_read = read_wants_ == Interest::kRead ? ready.readable : ready.writable;
    if (may_write && !unsent_.empty()) flush_unsent();
    if (state_ == State::kOpen && (may_read || redeliver_)) {
      read_some();
    } else if (may_read && state_ != State::kOpen && state_ != State::kClosed) {
      discard_some();
    }
  });
  if (state_ == State::kClosed && !std::exchange(closed_reported_, true)) {
    timer_.cancel();
    delegate_.on_closed(close_reason_);
    if (planted(PlantedBug::kCalledWhenClosed)) called(delegate_, closed_reported_).on_drained();
  }
}

void Connection::on_timer() {
  if (state_ == State::kClosed) {
    if (!std::exchange(closed_reported_, true)) delegate_.on_closed(close_reason_);
    return;
  }
  event([this] {
    budget_paused_ = false;
    if (!unsent_.empty() && loop_.now() >= write_deadline_) {
      finish_close(std::make_error_code(std::errc::timed_out));
    } else if (state_ == State::kLingering) {
      finish_close({});
    }
  });
}

// One timer serves all that a connection waits for; at most one of these is far away.
void Connection::arm_timer() {
  if (state_ == State::kClosed) {
    if (!closed_reported_) timer_.arm(loop_.now());
  } else if (budget_paused_ && state_ == State::kOpen) {
    timer_.arm(loop_.now() + kBudgetRetry);
  } else if (!unsent_.empty() && !planted(PlantedBug::kWriteTimeoutMissed)) {
    timer_.arm(write_deadline_);
  } else if (state_ != State::kLingering) {
    timer_.cancel();
  }
}

void Connection::update_interest() {
  Interest interest = Interest::kNone;
  if (wants_input()) interest = interest | read_wants_;
  if (!unsent_.empty()) interest = interest | write_wants_;
  if (auto done = registration_.set_interest(interest); !done) finish_close(done.error().code);
}

void Connection::account() {
  const std::size_t held = input_.capacity() + unsent_.capacity() + delegate_bytes_;
  if (options_.budget == nullptr) return;
  if (held != accounted_) {
    options_.budget->change(accounted_, held);
    accounted_ = held;
  }
  if (overdraft_ && (state_ != State::kOpen || options_.budget->allows(held))) {
    overdraft_ = false;
    options_.budget->end_overdraft();
  }
}

// Reading ----------------------------------------------------------------------------------------

bool Connection::wants_input() const {
  if (end_seen_ || state_ == State::kClosed) return false;
  return state_ != State::kOpen || (!paused_ && !above_watermark_ && !budget_paused_);
}

bool Connection::may_read() {
  if (state_ != State::kOpen || !wants_input()) return false;
  BufferBudget* const budget = options_.budget;
  if (budget != nullptr && !overdraft_ && !budget->allows(accounted_)) {
    overdraft_ = budget->begin_overdraft();
    budget_paused_ = !overdraft_;
  }
  if (!budget_paused_) {
    budget_told_ = false;
  } else if (!std::exchange(budget_told_, true)) {
    called(delegate_, closed_reported_).on_reading_stopped(ConnectionDelegate::StopReason::kBudget);
  }
  return !budget_paused_;
}

bool Connection::read_now() {
  APPD_CHECK(!loop_.buffers_claimed());
  bool found = false;
  event([&] { found = read_some(); });
  return found;
}

bool Connection::read_some() {
  if (redeliver_) {
    redeliver_ = false;
    show_kept_input();
    return true;
  }
  if (!may_read()) return false;
  const ReadTarget target = read_target();
  const IoResult result = transport_->read(target.room);
  switch (result.outcome) {
    case IoOutcome::kBytes:
      read_wants_ = Interest::kRead;
      take_input(target.room.first(result.bytes), target.in_input);
      return true;
    case IoOutcome::kWouldBlock:
      read_wants_ = result.wants;
      return false;
    case IoOutcome::kEnd:
      end_seen_ = true;
      called(delegate_, closed_reported_).on_end();
      return true;
    case IoOutcome::kError:
      finish_close(result.error);
      return false;
  }
  return false;
}

// A small rest is copied in front of the next read; a message that is larger than the loop's buffer
// is received straight into its place.
Connection::ReadTarget Connection::read_target() {
  const std::span<std::byte> shared = loop_.read_buffer();
  const std::size_t kept = input_.size();
  if (kept <= kSmallRestBytes && wanted_ <= shared.size()) {
    if (kept > 0) std::memcpy(shared.data(), input_.bytes().data(), kept);
    return {shared.subspan(kept), false};
  }
  const std::size_t missing = wanted_ > kept ? wanted_ - kept : shared.size();
  const auto room = input_.reserve(std::min(missing, std::max(trusted_bytes(), kept)));
  return {room.first(std::min(room.size(), shared.size())), true};
}

// `fresh` lies behind what was kept: in input_, or in the loop's buffer behind a copy of it.
void Connection::take_input(std::span<const std::byte> fresh, bool in_input) {
  const std::size_t kept = input_.size();
  const std::size_t total = kept + fresh.size();
  if (in_input) {
    input_.commit(fresh.size());
    if (total >= wanted_) show_kept_input();
    return;
  }
  if (total < wanted_) {
    keep_input(fresh);
    return;
  }
  const std::span<const std::byte> all{fresh.data() - kept, total};
  const Consumed consumed = called(delegate_, closed_reported_).on_bytes(all);
  APPD_CHECK(consumed.bytes <= total, consumed.bytes, total);
  wanted_ = consumed.wanted;
  if (state_ != State::kOpen) return;
  if (consumed.bytes == 0) {
    keep_input(fresh);
  } else {
    input_.release();
    keep_input(all.subspan(consumed.bytes));
  }
}

// One piece of memory for the whole message, as far as its length is believed.
void Connection::keep_input(std::span<const std::byte> bytes) {
  if (bytes.empty()) return;
  const std::size_t missing = wanted_ > input_.size() ? wanted_ - input_.size() : 0;
  (void)input_.reserve(std::max(bytes.size(), std::min(missing, trusted_bytes())));
  input_.append(bytes);
}

void Connection::show_kept_input() {
  if (state_ != State::kOpen || paused_ || above_watermark_) return;
  if (input_.empty() || input_.size() < wanted_) return;
  const Consumed consumed = called(delegate_, closed_reported_).on_bytes(input_.bytes());
  APPD_CHECK(consumed.bytes <= input_.size(), consumed.bytes, input_.size());
  wanted_ = consumed.wanted;
  if (state_ == State::kOpen) input_.consume(consumed.bytes);
}

// What arrives while we are closing is of no interest, but must be read: unread bytes would turn
// our close into a reset.
void Connection::discard_some() {
  const IoResult result = transport_->read(loop_.read_buffer());
  if (result.outcome == IoOutcome::kBytes) {
    read_wants_ = Interest::kRead;
  } else if (result.outcome == IoOutcome::kWouldBlock) {
    read_wants_ = result.wants;
  } else if (result.outcome == IoOutcome::kEnd) {
    end_seen_ = true;
  } else if (result.outcome == IoOutcome::kError) {
    // Behind our end a reset changes nothing any more.
    finish_close(state_ == State::kLingering ? std::error_code() : result.error);
  }
}

void Connection::pause_reading() {
  paused_ = true;
  if (!in_event_ && state_ != State::kClosed) end_event();
}

void Connection::set_delegate_bytes(std::size_t bytes) {
  delegate_bytes_ = bytes;
  if (!in_event_) account();
}

void Connection::resume_reading() {
  if (!paused_) return;
  paused_ = false;
  if (state_ != State::kOpen) return;
  if (!input_.empty()) {
    redeliver_ = true;
    registration_.schedule();
  }
  if (!in_event_) end_event();
}

// Writing ----------------------------------------------------------------------------------------

std::size_t Connection::unsent_bytes() const {
  return unsent_.size() + (collecting_ ? loop_.output_buffer().size() : 0);
}

void Connection::send(std::span<const std::byte> head, std::span<const std::byte> body) {
  if (state_ != State::kOpen || finish_wanted_) return;
  if (!in_event_) {
    event([&] { send(head, body); });
    return;
  }
  if (body.empty()) std::swap(head, body);
  Buffer& collected = loop_.output_buffer();
  if (!unsent_.empty()) {
    unsent_.append(head);
    unsent_.append(body);
    note_unsent();
  } else if (!collecting_) {
    write_now(head, body);
  } else if (body.size() >= kDirectBodyBytes ||
             collected.size() + head.size() + body.size() > kCollectedBytes) {
    collected.append(head);
    write_now(collected.bytes(), body);
    collected.clear();
  } else {
    collected.append(head);
    collected.append(body);
  }
}

void Connection::write_now(std::span<const std::byte> head, std::span<const std::byte> body) {
  const IoResult result = transport_->write(head, body);
  if (result.outcome == IoOutcome::kError) {
    finish_close(result.error);
    return;
  }
  const std::size_t sent = result.outcome == IoOutcome::kBytes ? result.bytes : 0;
  if (sent == head.size() + body.size() || planted(PlantedBug::kShortWriteLoses)) return;
  write_wants_ = result.outcome == IoOutcome::kWouldBlock ? result.wants : Interest::kWrite;
  const std::size_t of_head = std::min(sent, head.size());
  unsent_.append(head.subspan(of_head));
  unsent_.append(body.subspan(sent - of_head));
  write_deadline_ = loop_.now() + options_.write_timeout;
  note_unsent();
}

void Connection::note_unsent() {
  if (above_watermark_ || unsent_.size() <= options_.write_high_watermark) return;
  above_watermark_ = true;
  called(delegate_, closed_reported_)
      .on_reading_stopped(ConnectionDelegate::StopReason::kHighWatermark);
}

void Connection::flush_collected() {
  Buffer& collected = loop_.output_buffer();
  if (!collecting_ || collected.empty()) return;
  if (state_ != State::kClosed) write_now(collected.bytes(), {});
  collected.clear();
}

void Connection::flush_unsent() {
  const IoResult result = transport_->write(unsent_.bytes(), {});
  if (result.outcome == IoOutcome::kError) {
    finish_close(result.error);
    return;
  }
  if (result.outcome == IoOutcome::kWouldBlock) {
    write_wants_ = result.wants;
    return;
  }
  write_wants_ = Interest::kWrite;
  unsent_.consume(result.bytes);
  write_deadline_ = loop_.now() + options_.write_timeout;
  if (!above_watermark_ || unsent_.size() > options_.write_high_watermark / 4) return;
  if (planted(PlantedBug::kWatermarkStuck)) return;
  above_watermark_ = false;
  if (state_ != State::kOpen) return;
  called(delegate_, closed_reported_).on_drained();
  if (state_ == State::kOpen && !input_.empty()) {
    redeliver_ = true;
    registration_.schedule();
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

void Connection::abort(std::error_code reason) {
  finish_close(reason);
  if (!in_event_) end_event();
}

// The one place where a close goes on, at the end of each event.
void Connection::continue_closing() {
  const bool wants_end = state_ == State::kFlushing || (state_ == State::kOpen && finish_wanted_);
  if (wants_end && unsent_.empty() && !std::exchange(write_shut_, true)) {
    const IoResult result = transport_->shutdown_write();
    if (result.outcome == IoOutcome::kError) {
      finish_close(state_ == State::kFlushing ? std::error_code() : result.error);
      return;
    }
  }
  if (state_ == State::kFlushing && write_shut_) {
    state_ = State::kLingering;
    timer_.arm(loop_.now() + options_.linger_timeout);
    if (planted(PlantedBug::kLingerSkipped)) finish_close({});
  }
  if (state_ == State::kLingering && end_seen_) finish_close({});
}

void Connection::finish_close(std::error_code reason) {
  if (state_ == State::kClosed) return;
  state_ = State::kClosed;
  close_reason_ = reason;
  registration_.reset();
  unsent_.release();
  if (!planted(PlantedBug::kFreedInCallback) || std::exchange(closed_reported_, true)) return;
  delegate_.on_closed(close_reason_);
}

}  // namespace appd::reactor
