// One connection in a world of memory, whose far end the fuzzer is; without doctest.
#pragma once

#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "reactor/check.h"
#include "reactor/event_loop.h"
#include "tests/support/memory_backend.h"

namespace appd::fuzz {

// The far end: sends what fits, collects what comes.
class FarEnd {
 public:
  explicit FarEnd(std::unique_ptr<reactor::Transport> end) : end_(std::move(end)) {}

  // How many bytes of `text` fitted. All of it counts as sent when nobody will ever read it.
  std::size_t send(std::string_view text) {
    const auto result = end_->write(std::as_bytes(std::span(text)), {});
    if (result.outcome == reactor::IoOutcome::kError) return text.size();
    return result.bytes;
  }
  void finish() { (void)end_->shutdown_write(); }
  void reset() { dynamic_cast<testing::MemoryTransport&>(*end_).reset(); }
  void leave() { end_.reset(); }

  // Reads all that is there; whether there was anything.
  bool receive() {
    bool any = false;
    std::byte buffer[4096];
    while (end_ && !ended_ && !broken_) {
      const auto result = end_->read(buffer);
      if (result.outcome == reactor::IoOutcome::kWouldBlock) break;
      if (result.outcome == reactor::IoOutcome::kEnd) ended_ = true;
      if (result.outcome == reactor::IoOutcome::kError) broken_ = true;
      received_.append(reinterpret_cast<const char*>(buffer), result.bytes);
      any = true;
    }
    return any;
  }
  [[nodiscard]] const std::string& received() const { return received_; }
  // An orderly end was read.
  [[nodiscard]] bool ended() const { return ended_; }

 private:
  std::unique_ptr<reactor::Transport> end_;
  std::string received_;
  bool ended_ = false;
  bool broken_ = false;
};

// Turns `loop` until nothing is left to do but to wait. A loop that finds work for ever spins.
inline void settle(testing::MemoryWorld& world, reactor::EventLoop& loop) {
  constexpr int kMaxTurns = 10'000;
  for (int turn = 0; turn < kMaxTurns; ++turn) {
    const reactor::TimePoint before = world.clock().now();
    loop.run_once(std::chrono::nanoseconds(1));  // moves the clock only when nothing is ready
    if (world.clock().now() != before) return;
  }
  APPD_CHECK(false, "the loop spins");
}

}  // namespace appd::fuzz
