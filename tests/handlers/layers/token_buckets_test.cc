#include "appd/handlers/layers/token_buckets.h"

#include <doctest/doctest.h>

#include <string>

using namespace std::chrono_literals;

namespace appd::handlers::test {

namespace {

struct Fixture {
  [[nodiscard]] bool take(std::string_view name) { return buckets.try_take(name, now); }

  TokenBuckets buckets{{.per_second = 1, .burst = 2, .most_names = 3}};
  reactor::TimePoint now{};
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "token buckets: each name has a bucket of its own") {
  CHECK(take("a"));
  CHECK(take("a"));
  CHECK_FALSE(take("a"));
  CHECK(take("b"));
}

TEST_CASE_FIXTURE(Fixture, "token buckets: there are never more than most_names") {
  for (int i = 0; i < 100; ++i) {
    CHECK(take(std::to_string(i)));
    CHECK(buckets.size() <= 3);
  }
}

TEST_CASE_FIXTURE(Fixture, "token buckets: who asked longest ago makes room, refused or not") {
  for (const char* name : {"a", "a", "b", "b", "c", "c"}) CHECK(take(name));
  CHECK_FALSE(take("a"));
  CHECK(take("d"));  // in the place of b
  CHECK_FALSE(take("a"));
  CHECK_FALSE(take("c"));
  CHECK(take("b"));
}

TEST_CASE_FIXTURE(Fixture, "token buckets: what had the time to fill up is forgotten") {
  CHECK(take("a"));
  CHECK(take("b"));
  now += 1999ms;
  CHECK(take("c"));
  CHECK(buckets.size() == 3);
  now += 1ms;
  CHECK(take("c"));
  CHECK(buckets.size() == 1);
  CHECK(take("a"));
  CHECK(take("a"));
  CHECK_FALSE(take("a"));
}

TEST_CASE("token buckets: a rate of next to nothing does not overflow the clock") {
  TokenBuckets buckets({.per_second = 1e-300, .burst = 1e300});
  CHECK(buckets.try_take("a", reactor::TimePoint{}));
  CHECK(buckets.try_take("a", reactor::TimePoint{} + 24h));
  CHECK(buckets.size() == 1);
}

}  // namespace appd::handlers::test
