// What a connection reads, shows its delegate, and keeps.
#include <algorithm>
#include <cstring>

#include "appd/reactor/connection/connection_inner.h"

namespace appd::reactor {
namespace {

// A kept rest of at most this size is copied in front of the next read, which then goes into the
// loop's buffer; a larger one grows in place.
constexpr std::size_t kSmallRestBytes = 4 * 1024;
// What is kept grows (to twice of it) when less room than this is left for a read.
constexpr std::size_t kLeastRoomBytes = 4 * 1024;

}  // namespace

bool Connection::wants_input() const {
  if (end_seen_ || glancing_ || state_ == State::kClosed) return false;
  return state_ != State::kOpen || (!paused_ && !above_watermark_ && !budget_paused_);
}

bool Connection::may_read() {
  if (state_ != State::kOpen || !wants_input()) return false;
  BufferBudget* const budget = context_.options.budget;
  if (budget != nullptr && !overdraft_ && !budget->allows(held_ ? held_->accounted : 0) &&
      !take_turn(*budget)) {
    stop_by_budget(*budget);
    return false;
  }
  go_on_by_budget();
  return true;
}

// Who holds nothing is always allowed to read: there is a Held.
bool Connection::take_turn(BufferBudget& budget) {
  // With the reserve used up, only for a message that gives memory back when it is complete.
  if (!has_input() && budget.exhausted()) return false;
  const std::size_t kept = held_->input.size();
  const std::size_t missing =
      held_->wanted > kept ? held_->wanted - kept : EventLoop::kReadBufferBytes;
  overdraft_ = budget.begin_overdraft({held_->wasted_turns, missing}, loop().now());
  if (overdraft_) {
    held_->turn_ends = loop().now() + BufferBudget::kTurn;
    held_->turn_began_bytes = kept;
  }
  return overdraft_;
}

bool Connection::turn_over() const {
  return overdraft_ && held_ && loop().now() >= held_->turn_ends;
}

// It still holds more than its share: others come first.
void Connection::end_turn() {
  BufferBudget& budget = *context_.options.budget;
  overdraft_ = false;
  budget.end_overdraft();
  if (state_ != State::kOpen) return;
  if (kept_bytes() < held_->turn_began_bytes + BufferBudget::kTurnBytes) ++held_->wasted_turns;
  stop_by_budget(budget);
  if (has_input() && budget.exhausted()) {
    delegate().on_reading_stopped(ConnectionDelegate::StopReason::kOverdrawn);
  }
}

void Connection::stop_by_budget(BufferBudget& budget) {
  using StopReason = ConnectionDelegate::StopReason;
  budget_paused_ = true;
  const bool told = budget_told_;
  budget_told_ = true;
  if (!told) budget.count_stopped();
  delegate().on_reading_stopped(told ? StopReason::kBudgetStill : StopReason::kBudget);
}

void Connection::go_on_by_budget() {
  if (budget_told_) context_.options.budget->count_resumed();
  budget_told_ = false;
}

bool Connection::read_now() {
  APPD_CHECK(!loop().buffers_claimed());
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
  const IoResult result = transport_.read(target.room);
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
      delegate().on_end();
      return true;
    case IoOutcome::kError:
      finish_close(result.error);
      return false;
  }
  return false;
}

// A small rest is copied in front of the next read; one that is larger, or whose message is larger
// than the loop's buffer, is received in its place.
Connection::ReadTarget Connection::read_target() {
  const std::span<std::byte> shared = loop().read_buffer();
  if (!held_) return {shared, false};
  Buffer& input = held_->input;
  const std::size_t kept = input.size();
  if (kept <= kSmallRestBytes) {
    // What cannot be complete with this read is appended by take_input(), which looks at no copy.
    const bool may_complete = kept > 0 && held_->wanted <= shared.size();
    if (may_complete) std::memcpy(shared.data(), input.bytes().data(), kept);
    return {shared.subspan(kept), false};
  }
  const std::size_t missing = held_->wanted > kept ? held_->wanted - kept : shared.size();
  if (input.room() < std::min(missing, kLeastRoomBytes)) {
    (void)input.reserve(std::min(missing, kept));
  }
  const std::size_t most = std::min({input.room(), missing, shared.size()});
  return {input.reserve(most).first(most), true};
}

// `fresh` lies behind what was kept: in the kept input, or in the loop's buffer behind a copy of
// it.
void Connection::take_input(std::span<const std::byte> fresh, bool in_input) {
  const std::size_t kept = kept_bytes();
  const std::size_t total = kept + fresh.size();
  const std::size_t wanted = held_ ? held_->wanted : 0;
  if (in_input) {
    held_->input.commit(fresh.size());
    if (total >= wanted) show_kept_input();
    return;
  }
  if (total < wanted) {
    keep_input(fresh);
    return;
  }
  const std::span<const std::byte> all{fresh.data() - kept, total};
  const Consumed consumed = delegate().on_bytes(all);
  APPD_CHECK(consumed.bytes <= total, consumed.bytes, total);
  set_wanted(consumed.wanted);
  if (state_ != State::kOpen) return;
  if (consumed.bytes == 0) {
    keep_input(fresh);
  } else {
    release_input();
    keep_input(all.subspan(consumed.bytes));
  }
}

void Connection::set_wanted(std::size_t bytes) {
  if (held_ || bytes > 0) hold().wanted = bytes;
}

void Connection::keep_input(std::span<const std::byte> bytes) {
  if (bytes.empty()) return;
  Held& held = hold();
  held.input.append(bytes);
}

void Connection::show_kept_input() {
  if (state_ != State::kOpen || paused_ || above_watermark_) return;
  if (!has_input() || held_->input.size() < held_->wanted) return;
  const Consumed consumed = delegate().on_bytes(held_->input.bytes());
  APPD_CHECK(consumed.bytes <= held_->input.size(), consumed.bytes, held_->input.size());
  held_->wanted = consumed.wanted;
  if (state_ == State::kOpen) held_->input.consume(consumed.bytes);
}

// What arrives while we are closing is of no interest, but must be read: unread bytes would turn
// our close into a reset.
void Connection::discard_some() {
  const IoResult result = transport_.read(loop().read_buffer());
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

void Connection::discard_input(int reads) {
  APPD_CHECK(!loop().buffers_claimed());
  try {
    for (int i = 0; i < reads && state_ != State::kClosed && !end_seen_; ++i) {
      if (transport_.read(loop().read_buffer()).outcome != IoOutcome::kBytes) return;
    }
  } catch (const std::bad_alloc&) {  // then it is a reset
  }
}

void Connection::pause_reading() {
  (void)hold();
  if (!paused_ && !has_unsent()) look_later();
  paused_ = true;
  if (!in_event_ && state_ != State::kClosed) end_event();
}

void Connection::set_delegate_bytes(std::size_t bytes) {
  if (!held_ && bytes == 0) return;
  hold().delegate_bytes = bytes;
  if (in_event_) return;
  account();
  forget_held();
}

void Connection::resume_reading() {
  if (!paused_) return;
  paused_ = false;
  end_ahead_ = false;
  if (state_ != State::kOpen) return;
  show_again();
  if (!in_event_) end_event();
}

// Kept input, in the next turn.
void Connection::show_again() {
  if (!has_input()) return;
  loop().schedule(slot_);
  redeliver_ = true;
}

}  // namespace appd::reactor
