#include "appd/reactor/connection/connection_held.h"

#include <algorithm>

namespace appd::reactor {

Connection::Held::~Held() {
  if (budget() != nullptr) share.give_back(*budget());
}

// Reading ----------------------------------------------------------------------------------------

bool Connection::Held::may_read() {
  if (budget() == nullptr) return true;
  const std::size_t missing = input.missing(EventLoop::kReadBufferBytes);
  if (share.may_read(*budget(), input.size(), missing, now())) return true;
  stop_by_budget();
  return false;
}

void Connection::Held::stop_by_budget() {
  using StopNotice = ConnectionDelegate::StopNotice;
  connection_.stops_.add(ReadStop::kBudget);
  const bool read_before = share.stop(*budget(), now());
  connection_.delegate().on_reading_stopped(read_before ? StopNotice::kBudget
                                                        : StopNotice::kBudgetStill);
}

void Connection::Held::end_turn() {
  share.end_turn(*budget(), input.size());
  stop_by_budget();
  if (!input.empty() && budget()->exhausted()) {
    connection_.delegate().on_reading_stopped(ConnectionDelegate::StopNotice::kOverdrawn);
  }
}

void Connection::Held::show_kept() {
  input.shown();
  if (!connection_.open() || !input.enough()) return;
  if (connection_.stops_.has_any(ReadStop::kPaused | ReadStop::kHighWatermark)) return;
  const std::size_t shown = input.size();
  const Consumed consumed = connection_.delegate().on_bytes(input.bytes());
  APPD_CHECK(consumed.bytes <= shown, consumed.bytes, shown);
  APPD_CHECK(!input.empty() || consumed.bytes == shown, consumed.bytes, shown);
  input.consume(consumed);
}

void Connection::Held::show_kept_later() {
  if (input.empty()) return;
  connection_.loop().schedule(connection_.slot_);
  input.show_again();
}

// Writing ----------------------------------------------------------------------------------------

void Connection::Held::append_unsent(std::span<const std::byte> head,
                                     std::span<const std::byte> body, std::string* owner) {
  output.append(head, body, owner);
  stop_above_watermark();
}

void Connection::Held::keep_unsent(std::span<const std::byte> head, std::span<const std::byte> body,
                                   std::string* owner, const IoResult& result) {
  output.keep(head, body, owner, result);
  peer.begin_waiting(now(), options().write_timeout);
  stop_above_watermark();
}

// One that closes does not read anyhow; its delegate is told all the same.
void Connection::Held::stop_above_watermark() {
  if (connection_.above_high_watermark() || !output.above(options().write_high_watermark)) return;
  if (connection_.open()) connection_.stops_.add(ReadStop::kHighWatermark);
  connection_.delegate().on_reading_stopped(ConnectionDelegate::StopNotice::kHighWatermark);
}

void Connection::Held::flush() {
  const IoResult result = output.flush(connection_.transport_, our_end_follows(connection_.state_));
  if (result.outcome == IoOutcome::kError) {
    connection_.finish_close(result.error);
    return;
  }
  if (result.outcome == IoOutcome::kWouldBlock) return;
  peer.count_sent(result.bytes);
  peer.note_progress(now(), options().write_timeout);
  if (output.empty()) peer.end_waiting();
  if (connection_.above_high_watermark() && output.drained(options().write_high_watermark)) {
    read_on_below_watermark();
  }
}

void Connection::Held::read_on_below_watermark() {
  connection_.stops_.remove(ReadStop::kHighWatermark);
  connection_.delegate().on_drained();
  if (connection_.open()) show_kept_later();
}

// Time -------------------------------------------------------------------------------------------

bool Connection::Held::looks() const {
  return !output.empty() || peer.looks_for_end(connection_.stops_);
}

TimePoint Connection::Held::next_deadline() const {
  TimePoint next = TimePoint::max();
  if (connection_.stopped_by_budget()) next = share.next_try();
  if (share.in_turn()) next = std::min(next, share.turn_ends());
  if (looks()) next = std::min(next, peer.next_look());
  return next;
}

void Connection::Held::on_due() {
  if (now() >= share.next_try()) connection_.stops_.remove(ReadStop::kBudget);
  if (share.turn_over(now())) end_turn();
  if (looks() && now() >= peer.next_look()) look_at_peer();
}

void Connection::Held::look_at_peer() {
  peer.look_later(now(), options().write_timeout);
  if (!output.empty() && peer.stands_still(connection_.transport_.unacknowledged_bytes(), now(),
                                           options().write_timeout)) {
    connection_.finish_close(std::make_error_code(std::errc::timed_out));
  }
  if (peer.looks_for_end(connection_.stops_) && connection_.transport_.peer_ended()) {
    peer.set_end_found(true);
    connection_.delegate().on_end_ahead();
  }
}

// The end of an event ----------------------------------------------------------------------------

void Connection::Held::settle() {
  if (!connection_.open()) input.discard();  // not earlier: the delegate was looking at it
  if (budget() == nullptr) return;
  const bool reads = connection_.open() && !connection_.stops_.has(ReadStop::kPaused);
  share.settle(*budget(), input.capacity() + output.capacity(), connection_.open(), reads);
}

bool Connection::Held::anything() const {
  return !input.empty() || input.wanted() > 0 || !output.empty() || peer.waiting() || share.any() ||
         connection_.stops_.has(ReadStop::kPaused) || connection_.state_ == State::kBroken;
}

void Connection::Held::check_invariant() const {
  input.check_invariant(connection_.open());
  output.check_invariant(connection_.stops_, connection_.open(), options().write_high_watermark);
  if (looks()) peer.check_invariant(now());
  share.check_invariant(connection_.stops_, connection_.open());
}

}  // namespace appd::reactor
