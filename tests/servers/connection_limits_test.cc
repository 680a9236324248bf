#include "servers/connection_limits.h"

#include <doctest/doctest.h>

#include <set>

#include "servers/metrics.h"

namespace appd::servers {
namespace {

TEST_CASE("connection limit: is full at the limit, and tells who was refused of a release") {
  ConnectionLimit limit(2);
  limit.acquire();
  CHECK(!limit.full());
  limit.acquire();
  CHECK(limit.full());
  CHECK(limit.in_use() == 2);
  CHECK(limit.release());
  CHECK(!limit.full());
}

TEST_CASE("connection limit: a release that nobody waits for tells nobody") {
  ConnectionLimit limit(2);
  limit.acquire();
  limit.acquire();
  CHECK(!limit.release());
  limit.acquire();
  CHECK(limit.full());
  CHECK(limit.release());
  CHECK(!limit.release());
}

TEST_CASE("peer limit: counts each peer for itself, and forgets those that are gone") {
  PeerLimit limit(2);
  CHECK(limit.enabled());
  CHECK(limit.try_acquire("a"));
  CHECK(limit.try_acquire("a"));
  CHECK(!limit.try_acquire("a"));
  CHECK(limit.try_acquire("b"));
  limit.release("a");
  CHECK(limit.try_acquire("a"));
  limit.release("nobody");
  CHECK(!limit.try_acquire("a"));
}

TEST_CASE("peer limit: none is no limit") {
  PeerLimit limit(0);
  CHECK(!limit.enabled());
  for (int i = 0; i < 100; ++i) CHECK(limit.try_acquire("a"));
}

TEST_CASE("metrics: each counter counts for itself and has a name of its own") {
  Metrics metrics;
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < static_cast<std::size_t>(Counter::kCount); ++i) {
    const auto counter = static_cast<Counter>(i);
    names.insert(counter_name(counter));
    CHECK(metrics.get(counter) == 0);
    metrics.add(counter);
    metrics.add(counter);
    CHECK(metrics.get(counter) == 2);
  }
  CHECK(names.size() == static_cast<std::size_t>(Counter::kCount));
  CHECK(!names.contains("unknown"));
}

}  // namespace
}  // namespace appd::servers
