// The usual way of what is sent: through the loop's output buffer to the transport.
#include <utility>

#include "appd/reactor/connection/connection_held.h"

namespace appd::reactor {
namespace {

// From this size on, a body is written from where it lies instead of being copied behind the
// replies that wait in the loop's output buffer.
constexpr std::size_t kDirectBodyBytes = 16 * 1024;
// The loop's output buffer is sent when it would grow beyond this.
constexpr std::size_t kCollectedBytes = 64 * 1024;

}  // namespace

std::size_t Connection::unsent_bytes() const {
  const std::size_t waiting = held_ ? held_->output.size() : 0;
  return waiting + (event_ == Event::kCollecting ? loop().output_buffer().size() : 0);
}

void Connection::send(std::span<const std::byte> head, std::span<const std::byte> body,
                      std::string* owner) {
  if (state_ != State::kOpen) return;
  if (!in_event()) {
    stops_.remove(ReadStop::kNotStarted);  // who is told something is listened to
    event([&] { send(head, body, owner); });
    return;
  }
  if (body.empty()) {
    std::swap(head, body);
    owner = nullptr;
  }
  Buffer& collected = loop().output_buffer();
  if (held_ && !held_->output.empty()) {
    held_->append_unsent(head, body, owner);
  } else if (event_ == Event::kDirect) {
    write_now(head, body, owner);
  } else if (body.size() >= kDirectBodyBytes ||
             collected.size() + head.size() + body.size() > kCollectedBytes) {
    collected.append(head);
    write_now(collected.bytes(), body, owner);
    collected.clear();
  } else {
    collected.append(head);
    collected.append(body);
  }
}

void Connection::together(const std::function<void()>& body) {
  if (in_event() || state_ != State::kOpen) return body();
  stops_.remove(ReadStop::kNotStarted);
  event(body);
}

void Connection::write_now(std::span<const std::byte> head, std::span<const std::byte> body,
                           std::string* owner) {
  const IoResult result =
      our_end_follows(state_) ? transport_.write_last(head, body) : transport_.write(head, body);
  if (result.outcome == IoOutcome::kError) {
    finish_close(result.error);
    return;
  }
  if (held_) held_->peer.count_sent(result.bytes);
  const std::size_t sent = result.outcome == IoOutcome::kBytes ? result.bytes : 0;
  if (sent == head.size() + body.size()) return;
  hold().keep_unsent(head, body, owner, result);
}

void Connection::flush_collected() {
  if (event_ != Event::kCollecting) return;
  Buffer& collected = loop().output_buffer();
  if (collected.empty()) return;
  if (!closed()) write_now(collected.bytes(), {}, nullptr);
  collected.clear();
}

}  // namespace appd::reactor
