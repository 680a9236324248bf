// A loop in a calm world, which a test turns by hand, and the far end of a stream.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "appd/reactor/event_loop.h"
#include "tests/support/calm_world.h"

namespace appd::testing {

// The far end, as a test's peer uses it: what it sends, and all that has come.
class WirePeer {
 public:
  explicit WirePeer(reactor::AnyTransport end) : end_(end.release()) {}

  // As much as fits. Returns what does not.
  std::string_view send_some(std::string_view text) {
    const auto result = end_->write(std::as_bytes(std::span(text)), {});
    return result.outcome == reactor::IoOutcome::kBytes ? text.substr(result.bytes) : text;
  }
  void send(std::string_view text) { REQUIRE(send_some(text).empty()); }
  void finish() { REQUIRE(end_->shutdown_write().outcome == reactor::IoOutcome::kBytes); }
  void reset() { dynamic_cast<reactor::sim::SimTransport&>(*end_).reset(); }
  // Closes the descriptor.
  void leave() { end_.reset(); }

  // Reads what is there, at most `limit` bytes, and returns that.
  std::string receive(std::size_t limit = std::string::npos) {
    std::string received;
    std::string buffer(64 * 1024, '\0');
    while (received.size() < limit && !ended_ && !error_) {
      const std::size_t room = std::min(buffer.size(), limit - received.size());
      const auto result = end_->read(std::as_writable_bytes(std::span(buffer.data(), room)));
      if (result.outcome == reactor::IoOutcome::kWouldBlock) break;
      if (result.outcome == reactor::IoOutcome::kEnd) ended_ = true;
      if (result.outcome == reactor::IoOutcome::kError) error_ = result.error;
      received.append(buffer, 0, result.bytes);
    }
    return received;
  }
  // An orderly end was read.
  [[nodiscard]] bool ended() const { return ended_; }
  [[nodiscard]] std::error_code error() const { return error_; }
  // Not behind leave().
  [[nodiscard]] reactor::Transport& transport() { return *end_; }

 private:
  std::unique_ptr<reactor::Transport> end_;
  bool ended_ = false;
  std::error_code error_;
};

// Turns `loop` until nothing is left to do but to wait. A loop that finds work for ever spins.
inline void settle(CalmWorld& world, reactor::EventLoop& loop) {
  for (int turn = 0; turn < 10'000; ++turn) {
    const reactor::TimePoint before = world.now();
    loop.run_once(std::chrono::nanoseconds(1));  // moves the clock only when nothing is ready
    if (world.now() != before) return;
  }
  FAIL("the loop spins");
}

}  // namespace appd::testing
