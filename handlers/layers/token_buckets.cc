#include "appd/handlers/layers/token_buckets.h"

#include <algorithm>
#include <chrono>

namespace appd::handlers {

namespace {

// Two, because each call adds one at most: the table shrinks while it is used.
constexpr int kForgottenPerCall = 2;

// A rate of one call in a hundred years must not overflow the clock.
constexpr double kLongestFillingSeconds = 10.0 * 365 * 24 * 3600;

reactor::Duration filling_time(const Rate& rate) {
  const double seconds = std::min(rate.burst / rate.per_second, kLongestFillingSeconds);
  return std::chrono::ceil<reactor::Duration>(std::chrono::duration<double>(seconds));
}

}  // namespace

TokenBuckets::TokenBuckets(const Rate& rate) : rate_(rate), filling_(filling_time(rate)) {}

bool TokenBuckets::try_take(std::string_view name, reactor::TimePoint now) {
  const std::lock_guard lock(mutex_);
  forget_full(now);
  Bucket& bucket = find_or_add(name, now);
  const std::chrono::duration<double> rested = now - bucket.filled_at;
  bucket.tokens = std::min(rate_.burst, bucket.tokens + rested.count() * rate_.per_second);
  bucket.filled_at = now;
  if (bucket.tokens < 1) return false;
  bucket.tokens -= 1;
  return true;
}

TokenBuckets::Bucket& TokenBuckets::find_or_add(std::string_view name, reactor::TimePoint now) {
  const auto found = by_name_.find(name);
  if (found != by_name_.end()) {
    buckets_.splice(buckets_.begin(), buckets_, found->second);
    return buckets_.front();
  }
  if (buckets_.size() >= rate_.most_names) forget_last();
  buckets_.push_front({std::string(name), rate_.burst, now});
  try {
    by_name_.emplace(buckets_.front().name, buckets_.begin());
  } catch (...) {  // not enough memory
    buckets_.pop_front();
    throw;
  }
  return buckets_.front();
}

void TokenBuckets::forget_full(reactor::TimePoint now) {
  for (int i = 0; i < kForgottenPerCall && !buckets_.empty(); ++i) {
    if (now - buckets_.back().filled_at < filling_) return;
    forget_last();
  }
}

void TokenBuckets::forget_last() {
  by_name_.erase(buckets_.back().name);
  buckets_.pop_back();
}

std::size_t TokenBuckets::size() const {
  const std::lock_guard lock(mutex_);
  return buckets_.size();
}

}  // namespace appd::handlers
