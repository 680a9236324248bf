// Where a loop's time comes from: the system's monotonic clock, or a simulated world's.
#pragma once

#include <chrono>

namespace appd::reactor {

using Duration = std::chrono::nanoseconds;
using TimePoint = std::chrono::time_point<std::chrono::steady_clock, Duration>;

// Never goes back. A loop reads it once a turn (EventLoop::now) and hands that value on; nothing
// above the loop calls now() of a clock, but to measure (EventLoop::measured_now).
class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual TimePoint now() const = 0;
};

// CLOCK_MONOTONIC. Any thread.
const Clock& steady_clock();

}  // namespace appd::reactor
