#include "appd/reactor/memory/buffer_budget.h"

#include <algorithm>

namespace appd::reactor {
namespace {

// Looks of one that is alone; a crowd shares its looks, which cost system calls.
constexpr auto kSoonest = std::chrono::milliseconds(10);
constexpr auto kLatest = std::chrono::milliseconds(200);
// So many connections look every kSoonest.
constexpr std::size_t kCrowd = 64;

}  // namespace

Duration BufferBudget::retry() const {
  const auto times = static_cast<Duration::rep>(1 + stopped() / kCrowd);
  return std::min<Duration>(kSoonest * times, kLatest);
}

bool BufferBudget::begin_overdraft(Claim claim, TimePoint now) {
  const std::lock_guard lock(mutex_);
  const bool another_first = now < best_until_ && best_ < claim;
  if (!overdrawn_ && !another_first) {
    overdrawn_ = true;
    best_until_ = {};
    return true;
  }
  if (!another_first) {
    best_ = claim;
    // Its owner asks again by then, or is gone.
    best_until_ = now + 2 * retry();
  }
  return false;
}

void BufferBudget::end_overdraft() {
  const std::lock_guard lock(mutex_);
  overdrawn_ = false;
}

bool BufferBudget::line_due(TimePoint now) {
  TimePoint next = next_line_.load(std::memory_order_relaxed);
  return now >= next && next_line_.compare_exchange_strong(next, now + std::chrono::seconds(1));
}

}  // namespace appd::reactor
