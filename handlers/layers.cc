#include "handlers/layers.h"

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>

namespace appd::handlers {

namespace {

constexpr double kMostSecondsBetweenSweeps = 3600;

// Calls under way by key.
class CallCounts {
 public:
  bool try_acquire(std::string_view key, std::size_t most) {
    const std::lock_guard lock(mutex_);
    auto found = counts_.find(key);
    if (found == counts_.end()) found = counts_.emplace(key, 0).first;
    if (found->second >= most) return false;
    ++found->second;
    return true;
  }
  void release(const std::string& key) {
    const std::lock_guard lock(mutex_);
    const auto found = counts_.find(key);
    if (--found->second == 0) counts_.erase(found);
  }

 private:
  std::mutex mutex_;
  std::map<std::string, std::size_t, std::less<>> counts_;  // guarded by mutex_
};

// Token buckets by key.
class Buckets {
 public:
  explicit Buckets(Rate rate) : rate_(rate) {}

  bool try_take(std::string_view key, reactor::TimePoint now) {
    const std::lock_guard lock(mutex_);
    forget_full(now);
    auto found = buckets_.find(key);
    if (found == buckets_.end()) found = buckets_.emplace(key, Bucket{rate_.burst, now}).first;
    Bucket& bucket = found->second;
    bucket.tokens = tokens_at(bucket, now);
    bucket.filled_at = now;
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  }

 private:
  struct Bucket {
    double tokens;
    reactor::TimePoint filled_at;
  };

  [[nodiscard]] double tokens_at(const Bucket& bucket, reactor::TimePoint now) const {
    const std::chrono::duration<double> rested = now - bucket.filled_at;
    return std::min(rate_.burst, bucket.tokens + rested.count() * rate_.per_second);
  }

  // A full bucket is as good as none. Looked for once in the time that filling takes, so that the
  // cost a call stays even.
  void forget_full(reactor::TimePoint now) {
    if (now < next_sweep_) return;
    std::erase_if(buckets_,
                  [&](const auto& entry) { return tokens_at(entry.second, now) >= rate_.burst; });
    const double seconds = std::min(rate_.burst / rate_.per_second, kMostSecondsBetweenSweeps);
    next_sweep_ =
        now + std::chrono::duration_cast<reactor::Duration>(std::chrono::duration<double>(seconds));
  }

  const Rate rate_;
  std::mutex mutex_;
  std::map<std::string, Bucket, std::less<>> buckets_;  // guarded by mutex_, like all below
  reactor::TimePoint next_sweep_{};
};

tl::unexpected<protocol::Error> overloaded(std::string text) {
  return protocol::fail(Status::kOverloaded, std::move(text));
}

}  // namespace

LimitKey by_action() {
  return [](const Request& request) { return request.action; };
}

LimitKey all_together() {
  return [](const Request&) { return std::string_view(); };
}

Layer concurrency_limit(std::size_t most, LimitKey key) {
  auto counts = std::make_shared<CallCounts>();
  return [counts, most, key = std::move(key)](const Request& request, Next& next) -> Result<void> {
    std::string counted(key(request));
    if (!counts->try_acquire(counted, most)) {
      return overloaded("more than " + std::to_string(most) + " calls of " +
                        (counted.empty() ? "all actions" : counted) + " at a time");
    }
    next.then([counts, counted = std::move(counted)](const Reply&) { counts->release(counted); });
    return next();
  };
}

Layer load_shedding(std::size_t most) { return concurrency_limit(most, all_together()); }

Layer rate_limit(Rate rate, LimitKey key, const reactor::Clock& clock) {
  if (!(rate.per_second > 0) || !(rate.burst >= 1)) {
    throw std::invalid_argument("a rate limit needs more than 0 calls a second and a burst of 1");
  }
  auto buckets = std::make_shared<Buckets>(rate);
  return
      [buckets, &clock, key = std::move(key)](const Request& request, Next& next) -> Result<void> {
        const std::string_view counted = key(request);
        if (buckets->try_take(counted, clock.now())) return next();
        return overloaded("too many calls of " +
                          (counted.empty() ? "all actions" : std::string(counted)) +
                          " within a short time; try again later");
      };
}

Layer access_log(std::function<void(const Access& access)> write, const reactor::Clock& clock) {
  return [write = std::move(write), &clock](const Request& request, Next& next) {
    // The action's name may be gone when the answer comes.
    next.then([&clock, write, action = std::string(request.action), form = request.form,
               began = clock.now()](const Reply& reply) {
      write({.action = action,
             .form = form,
             .status = reply.status(),
             .reply_bytes = reply.content().size(),
             .duration = clock.now() - began});
    });
    return next();
  };
}

}  // namespace appd::handlers
