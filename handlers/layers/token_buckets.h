// Inside the layer: token buckets by name, at most so many (the layer rate_limit, layers.h).
#pragma once

#include <cstddef>
#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "appd/handlers/layers/layers.h"
#include "appd/reactor/clock.h"

namespace appd::handlers {

// The buckets lie in the order of their use. Who is last there and has had the time to fill up is
// as good as new and forgotten, a few at each call, so that no call pays for many. Any thread.
class TokenBuckets {
 public:
  explicit TokenBuckets(const Rate& rate);

  // Whether there was a token in the bucket of `name`. A new one is full; where there are
  // rate.most_names already, it takes the place of the one that was not asked for longest.
  [[nodiscard]] bool try_take(std::string_view name, reactor::TimePoint now);

  [[nodiscard]] std::size_t size() const;

 private:
  struct Bucket {
    std::string name;
    double tokens;
    reactor::TimePoint filled_at;
  };
  using Buckets = std::list<Bucket>;

  [[nodiscard]] Bucket& find_or_add(std::string_view name, reactor::TimePoint now);
  void forget_full(reactor::TimePoint now);
  void forget_last();

  const Rate rate_;
  const reactor::Duration filling_;  // from empty to full; then, or so much later, it is forgotten
  mutable std::mutex mutex_;
  Buckets buckets_;  // guarded by mutex_, as what follows; the latest used first
  std::map<std::string_view, Buckets::iterator, std::less<>> by_name_;  // of bucket.name
};

}  // namespace appd::handlers
