// How often the calls of a pool may be tried again, all together (CallLimits::retry_budget).
#pragma once

#include <algorithm>
#include <cstddef>

namespace appd::clients {

class RetryBudget {
 public:
  explicit RetryBudget(std::size_t retries) : most_(retries * kPerRetry), left_(most_) {}

  // A call succeeded.
  void earn() { left_ = std::min(most_, left_ + 1); }
  // One is to be tried again; false: not now.
  [[nodiscard]] bool spend() {
    if (left_ < kPerRetry) return false;
    left_ -= kPerRetry;
    return true;
  }

 private:
  static constexpr std::size_t kPerRetry = 10;  // calls that have to succeed

  const std::size_t most_;
  std::size_t left_;
};

}  // namespace appd::clients
