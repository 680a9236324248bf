#include "appd/reactor/connection/read_stops.h"

#include <string_view>
#include <utility>

namespace appd::reactor {

std::string ReadStops::to_string() const {
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
  if (none()) return "reads";
  std::string text;
  for (const auto& [stop, name] : kNames) {
    if (!has(stop)) continue;
    if (!text.empty()) text += ", ";
    text += name;
  }
  return text;
}

}  // namespace appd::reactor
