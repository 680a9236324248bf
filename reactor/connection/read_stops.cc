#include "appd/reactor/connection/read_stops.h"

#include <ostream>
#include <string_view>
#include <utility>

namespace appd::reactor {

std::ostream& operator<<(std::ostream& out, ReadStops stops) {
  using Name = std::pair<ReadStop, std::string_view>;
  static constexpr Name kNames[] = {
      {ReadStop::kNotStarted, "not started"},
      {ReadStop::kPaused, "paused"},
      {ReadStop::kHighWatermark, "high watermark"},
      {ReadStop::kBudget, "budget"},
      {ReadStop::kEndRead, "end read"},
      {ReadStop::kGlancing, "glancing"},
      {ReadStop::kClosed, "closed"},
  };
  if (stops.none()) return out << "reads";
  std::string_view between;
  for (const auto& [stop, name] : kNames) {
    if (!stops.has(stop)) continue;
    out << between << name;
    between = ", ";
  }
  return out;
}

}  // namespace appd::reactor
