#include "appd/handlers/layers/layers.h"

#include <map>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>

#include "appd/handlers/layers/token_buckets.h"
#include "appd/protocol/text/utf8.h"

namespace appd::handlers {

namespace {

// Calls under way by key.
class CallCounts {
 public:
  bool try_acquire(std::string_view key, std::size_t most) {
    const std::lock_guard lock(mutex_);
    const auto found = counts_.find(key);
    if ((found == counts_.end() ? 0 : found->second) >= most) return false;
    if (found == counts_.end()) {
      counts_.emplace(key, 1);
    } else {
      ++found->second;
    }
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

tl::unexpected<protocol::Error> overloaded(std::string text) {
  return protocol::fail(Status::kOverloaded, std::move(text));
}

}  // namespace

std::string_view LimitKey::name(const Request& request) const {
  const std::string_view name = function_(request);
  return name.size() <= kMaxNameBytes ? name : protocol::utf8_prefix(name, kMaxNameBytes);
}

std::string LimitKey::calls(std::string_view name) const {
  if (name.empty()) return "calls of all actions";
  return "calls " + told_ + ' ' + std::string(name);
}

LimitKey by_action() {
  return [](const Request& request) { return request.action; };
}

LimitKey by_peer() {
  return {[](const Request& request) { return std::string_view(request.peer().host); }, "from"};
}

LimitKey all_together() {
  return [](const Request&) { return std::string_view(); };
}

Layer concurrency_limit(std::size_t most, LimitKey key) {
  auto counts = std::make_shared<CallCounts>();
  return [counts, most, key = std::move(key)](const Request& request, Next& next) -> Result<void> {
    std::string name(key.name(request));
    if (!counts->try_acquire(name, most)) {
      return overloaded("more than " + std::to_string(most) + ' ' + key.calls(name) + " at a time");
    }
    next.then([counts, name = std::move(name)](const Reply&) { counts->release(name); });
    return next();
  };
}

Layer load_shedding(std::size_t most) { return concurrency_limit(most, all_together()); }

Layer rate_limit(Rate rate, LimitKey key, const reactor::Clock& clock) {
  if (!(rate.per_second > 0) || !(rate.burst >= 1) || rate.most_names < 1) {
    throw std::invalid_argument(
        "a rate limit needs more than 0 calls a second, a burst of 1 and room for one name");
  }
  auto buckets = std::make_shared<TokenBuckets>(rate);
  return
      [buckets, &clock, key = std::move(key)](const Request& request, Next& next) -> Result<void> {
        const std::string_view name = key.name(request);
        if (buckets->try_take(name, clock.now())) return next();
        return overloaded("too many " + key.calls(name) + " within a short time; try again later");
      };
}

Layer access_log(std::function<void(const Access& access)> write, const reactor::Clock& clock) {
  return [write = std::move(write), &clock](const Request& request, Next& next) {
    // The texts may be gone when the answer comes.
    next.then([&clock, write, action = std::string(request.action), peer = request.peer().address,
               form = request.form, began = clock.now()](const Reply& reply) {
      write({.action = action,
             .peer = peer,
             .form = form,
             .status = reply.status(),
             .reply_bytes = reply.content().size(),
             .duration = clock.now() - began});
    });
    return next();
  };
}

}  // namespace appd::handlers
