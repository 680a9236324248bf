#include "tests/sim/waiting/await_points.h"

#include <cstdio>

namespace appd::testing {

namespace {

constexpr std::array<std::string_view, kAwaitPoints> kPointNames{
    "sleep", "task", "action", "call", "offload", "held", "posted", "pool", "pool-held"};
constexpr std::array<std::string_view, kCuts> kCutNames{
    "reset",          "close",      "half-close", "grace",         "deadline", "deadline-at",
    "deadline-after", "time-limit", "drain",      "drain-timeout", "no-memory"};

template <class Visit>
void for_each_cell(Visit visit) {
  for (std::size_t point = 0; point < kAwaitPoints; ++point) {
    for (std::size_t cut = 0; cut < kCuts; ++cut) {
      visit(static_cast<AwaitPoint>(point), static_cast<Cut>(cut));
    }
  }
}

}  // namespace

std::string_view name_of(AwaitPoint point) { return kPointNames[static_cast<std::size_t>(point)]; }
std::string_view name_of(Cut cut) { return kCutNames[static_cast<std::size_t>(cut)]; }

void Coverage::add(const Coverage& other) {
  for_each_cell([&](AwaitPoint point, Cut cut) { cell(point, cut) += other.count(point, cut); });
}

std::uint64_t Coverage::count(AwaitPoint point, Cut cut) const {
  return cells_[static_cast<std::size_t>(point)][static_cast<std::size_t>(cut)];
}

std::string Coverage::missing() const {
  std::string text;
  for_each_cell([&](AwaitPoint point, Cut cut) {
    if (count(point, cut) > 0) return;
    if (!text.empty()) text += ", ";
    text.append(name_of(point)).append(": ").append(name_of(cut));
  });
  return text;
}

std::string Coverage::table() const {
  const auto padded = [](std::string_view text) {
    return std::string(text.size() < 15 ? 15 - text.size() : 0, ' ') + std::string(text);
  };
  std::string text = padded("");
  for (const std::string_view name : kCutNames) text += padded(name);
  for_each_cell([&](AwaitPoint point, Cut cut) {
    if (cut == Cut{}) text += "\n" + padded(name_of(point));
    text += padded(std::to_string(count(point, cut)));
  });
  return text;
}

}  // namespace appd::testing
