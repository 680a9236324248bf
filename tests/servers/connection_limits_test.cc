#include "appd/servers/connection_limits.h"

#include <doctest/doctest.h>

#include <atomic>
#include <set>
#include <thread>
#include <vector>

#include "appd/servers/metrics.h"

namespace appd::servers {
namespace {

TEST_CASE("connection limit: is full at the limit, and tells who was refused of a release") {
  ConnectionLimit limit(2);
  CHECK(limit.try_acquire());
  CHECK(limit.try_acquire());
  CHECK(!limit.try_acquire());
  CHECK(limit.in_use() == 2);
  CHECK(limit.release());
  CHECK(limit.try_acquire());
}

TEST_CASE("connection limit: a release that nobody waits for tells nobody") {
  ConnectionLimit limit(2);
  CHECK(limit.try_acquire());
  CHECK(limit.try_acquire());
  CHECK(!limit.release());
  CHECK(limit.try_acquire());
  CHECK(!limit.try_acquire());
  CHECK(limit.release());
  CHECK(!limit.release());
}

TEST_CASE("connection limit: threads that ask at the same moment never exceed it") {
  constexpr std::size_t kLimit = 3;
  ConnectionLimit limit(kLimit);
  std::atomic<std::size_t> held = 0;
  std::atomic<std::size_t> most = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 5'000; ++round) {
        if (!limit.try_acquire()) continue;
        const std::size_t now = held.fetch_add(1) + 1;
        std::size_t before = most.load();
        while (before < now && !most.compare_exchange_weak(before, now)) {
        }
        held.fetch_sub(1);
        (void)limit.release();
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(most.load() <= kLimit);
  CHECK(limit.in_use() == 0);
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
