// What a connection sends, and what it keeps until the kernel takes it.
#include <algorithm>
#include <utility>

#include "appd/reactor/connection/connection_inner.h"

namespace appd::reactor {
namespace {

// From this size on, a body is written from where it lies instead of being copied behind the
// replies that wait in the loop's output buffer.
constexpr std::size_t kDirectBodyBytes = 16 * 1024;
// The loop's output buffer is sent when it would grow beyond this.
constexpr std::size_t kCollectedBytes = 64 * 1024;

}  // namespace

std::size_t Connection::unsent_bytes() const {
  const std::size_t waiting = held_ ? held_->unsent.size() : 0;
  return waiting + (collecting_ ? loop().output_buffer().size() : 0);
}

void Connection::send(std::span<const std::byte> head, std::span<const std::byte> body) {
  if (state_ != State::kOpen || finish_wanted_) return;
  if (!in_event_) {
    event([&] { send(head, body); });
    return;
  }
  if (body.empty()) std::swap(head, body);
  Buffer& collected = loop().output_buffer();
  if (has_unsent()) {
    held_->unsent.append(head);
    held_->unsent.append(body);
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

IoResult Connection::write(std::span<const std::byte> head, std::span<const std::byte> body) {
  const IoResult result =
      wants_end() ? transport_.write_last(head, body) : transport_.write(head, body);
  if (held_) held_->handed_over += static_cast<std::int64_t>(result.bytes);
  return result;
}

void Connection::write_now(std::span<const std::byte> head, std::span<const std::byte> body) {
  const IoResult result = write(head, body);
  if (result.outcome == IoOutcome::kError) {
    finish_close(result.error);
    return;
  }
  const std::size_t sent = result.outcome == IoOutcome::kBytes ? result.bytes : 0;
  if (sent == head.size() + body.size()) return;
  write_wants_ = result.outcome == IoOutcome::kWouldBlock ? result.wants : Interest::kWrite;
  const std::size_t of_head = std::min(sent, head.size());
  Held& held = hold();
  held.unsent.append(head.subspan(of_head));
  held.unsent.append(body.subspan(sent - of_head));
  held.acknowledged = Held::kNoLook;
  note_progress();
  note_unsent();
}

void Connection::note_unsent() {
  if (above_watermark_ || held_->unsent.size() <= context_.options.write_high_watermark) return;
  above_watermark_ = true;
  delegate().on_reading_stopped(ConnectionDelegate::StopReason::kHighWatermark);
}

void Connection::flush_collected() {
  Buffer& collected = loop().output_buffer();
  if (!collecting_ || collected.empty()) return;
  if (state_ != State::kClosed) write_now(collected.bytes(), {});
  collected.clear();
}

void Connection::flush_unsent() {
  const IoResult result = write(held_->unsent.bytes(), {});
  if (result.outcome == IoOutcome::kError) {
    finish_close(result.error);
    return;
  }
  if (result.outcome == IoOutcome::kWouldBlock) {
    write_wants_ = result.wants;
    return;
  }
  const ConnectionOptions& options = context_.options;
  write_wants_ = Interest::kWrite;
  held_->unsent.consume(result.bytes);
  note_progress();
  if (!has_unsent()) held_->acknowledged = Held::kNoLook;
  if (!above_watermark_ || held_->unsent.size() > options.write_high_watermark / 4) return;
  above_watermark_ = false;
  if (state_ != State::kOpen) return;
  delegate().on_drained();
  if (state_ == State::kOpen) show_again();
}

}  // namespace appd::reactor
