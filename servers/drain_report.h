// What became of the requests that a drain met: answered, or cut off by its time-out, by action.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace appd::servers {

class DrainReport {
 public:
  using Counts = std::map<std::string, std::uint64_t, std::less<>>;

  // An empty name is told as "unknown".
  void add_answered(std::string_view action) { add(answered_, action); }
  void add_cut(std::string_view action) { add(cut_, action); }
  // Another worker's.
  void add(const DrainReport& other) {
    for (const auto& [action, count] : other.answered_) answered_[action] += count;
    for (const auto& [action, count] : other.cut_) cut_[action] += count;
  }

  [[nodiscard]] const Counts& answered() const { return answered_; }
  [[nodiscard]] const Counts& cut() const { return cut_; }

 private:
  static void add(Counts& counts, std::string_view action) {
    if (action.empty()) action = "unknown";
    auto found = counts.find(action);
    if (found == counts.end()) found = counts.emplace(action, 0).first;
    ++found->second;
  }

  Counts answered_;
  Counts cut_;
};

}  // namespace appd::servers
