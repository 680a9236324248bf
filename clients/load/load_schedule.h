// When the requests of an open loop are due: evenly spaced, from arithmetic alone, so that a late
// one makes none of those behind it late. Reads no clock.
#pragma once

#include <chrono>
#include <cmath>
#include <cstdint>

#include "appd/reactor/clock.h"

namespace appd::clients {

class LoadSchedule {
 public:
  LoadSchedule() = default;
  // `rate`: requests a second, above 0. Those due at `begin` or later and before `begin` + `span`
  // are of the schedule.
  LoadSchedule(reactor::TimePoint begin, double rate, reactor::Duration span)
      : begin_(begin),
        interval_ns_(1e9 / rate),
        count_(static_cast<std::uint64_t>(
            std::ceil(static_cast<double>(span.count()) / interval_ns_))) {}

  [[nodiscard]] bool finished() const { return next_ == count_; }
  // Requests that have not been taken yet.
  [[nodiscard]] std::uint64_t left() const { return count_ - next_; }
  // Of the next one; not when finished(). A double is exact to the nanosecond for 100 days.
  [[nodiscard]] reactor::TimePoint due() const {
    return begin_ + reactor::Duration(std::llround(static_cast<double>(next_) * interval_ns_));
  }
  void take() { ++next_; }

 private:
  reactor::TimePoint begin_{};
  double interval_ns_ = 0;
  std::uint64_t count_ = 0;
  std::uint64_t next_ = 0;
};

}  // namespace appd::clients
