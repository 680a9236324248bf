// The usual way of what arrives: from the transport through the loop's buffer to the delegate.
#include "appd/reactor/connection/connection_held.h"

namespace appd::reactor {

bool Connection::read_now() {
  APPD_CHECK(!loop().buffers_claimed());
  bool found = false;
  event([&] { found = read_some(); });
  return found;
}

bool Connection::read_some() {
  if (held_ && held_->input.to_be_shown()) {
    held_->show_kept();
    return true;
  }
  if (!open() || !stops_.none() || (held_ && !held_->may_read())) return false;
  const std::span<std::byte> shared = loop().read_buffer();
  const Inbound::Target target = held_ ? held_->input.target(shared) : Inbound::Target{shared};
  const IoResult result = transport_.read(target.room);
  switch (result.outcome) {
    case IoOutcome::kBytes:
      read_wants_ = Interest::kRead;
      take_input(target.room.first(result.bytes), target.in_place);
      return true;
    case IoOutcome::kWouldBlock:
      read_wants_ = result.wants;
      return false;
    case IoOutcome::kEnd:
      stops_.add(ReadStop::kEndRead);
      delegate().on_end();
      return true;
    case IoOutcome::kError:
      finish_close(result.error);
      return false;
  }
  return false;
}

// `fresh` lies after what was kept: in its place, or in the loop's buffer after a copy of it.
void Connection::take_input(std::span<const std::byte> fresh, bool in_place) {
  std::size_t kept = 0;
  if (held_) {
    Inbound& input = held_->input;
    kept = input.size();
    if (in_place) {
      input.commit(fresh.size());
      held_->show_kept();
      return;
    }
    if (kept + fresh.size() < input.wanted()) {
      input.keep(fresh);
      return;
    }
  }
  const std::span<const std::byte> all{fresh.data() - kept, kept + fresh.size()};
  const Consumed consumed = delegate().on_bytes(all);
  APPD_CHECK(consumed.bytes <= all.size(), consumed.bytes, all.size());
  if (!held_ && consumed.bytes == all.size() && consumed.wanted == 0) return;  // the usual case
  if (open()) hold().input.keep_rest(all, fresh.size(), consumed);
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
    stops_.add(ReadStop::kEndRead);
  } else if (result.outcome == IoOutcome::kError) {
    // Behind our end a reset changes nothing any more.
    finish_close(state_ == State::kFlushing ? result.error : std::error_code());
  }
}

void Connection::discard_input(int reads) {
  APPD_CHECK(!loop().buffers_claimed());
  try {
    for (int i = 0; i < reads && !stops_.has_any(ReadStop::kClosed | ReadStop::kEndRead); ++i) {
      if (transport_.read(loop().read_buffer()).outcome != IoOutcome::kBytes) return;
    }
  } catch (const std::bad_alloc&) {  // then it is a reset
  }
}

// Flow control -----------------------------------------------------------------------------------

void Connection::pause_reading() {
  if (!open()) return;
  Held& held = hold();
  if (!stops_.has(ReadStop::kPaused) && held.output.empty()) {
    held.peer.look_later(loop().now(), context_.options.write_timeout);
  }
  stops_.add(ReadStop::kPaused);
  if (!in_event()) end_event();
}

void Connection::resume_reading() {
  if (!stops_.has(ReadStop::kPaused)) return;
  stops_.remove(ReadStop::kPaused);
  held_->peer.set_end_found(false);
  held_->show_kept_later();
  if (!in_event()) end_event();
}

void Connection::set_delegate_bytes(std::size_t bytes) {
  if (!held_ && bytes == 0) return;
  hold().share.set_delegate_bytes(bytes);
  if (!in_event()) settle();
}

Buffer Connection::take_shown(std::span<const std::byte> shown) {
  if (!held_ || shown.empty() || held_->input.bytes().data() != shown.data()) return {};
  APPD_CHECK(shown.size() == held_->input.size(), shown.size(), held_->input.size());
  return held_->input.take();
}

std::size_t Connection::kept_bytes() const { return held_ ? held_->input.size() : 0; }

}  // namespace appd::reactor
