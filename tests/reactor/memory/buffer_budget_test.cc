#include "appd/reactor/memory/buffer_budget.h"

#include <doctest/doctest.h>

namespace appd::reactor {
namespace {

using namespace std::chrono_literals;

TEST_CASE("budget: who holds nothing may read, however much the others hold") {
  BufferBudget budget{100};
  budget.change(0, 1000);
  CHECK(budget.allows(0));
  CHECK_FALSE(budget.allows(1000));
}

TEST_CASE("budget: above the limit a holder may read up to an equal share") {
  BufferBudget budget{100};
  budget.change(0, 80);
  budget.change(0, 30);
  CHECK(budget.allows(50));
  CHECK_FALSE(budget.allows(51));
}

TEST_CASE("budget: under the limit everybody may read") {
  BufferBudget budget{100};
  budget.change(0, 100);
  CHECK(budget.allows(100));
}

TEST_CASE("budget: what was given back is free again") {
  BufferBudget budget{100};
  budget.change(0, 120);
  budget.change(120, 0);
  CHECK(budget.used() == 0);
  CHECK(budget.allows(100));
}

TEST_CASE("budget: one at a time may go beyond the limit") {
  BufferBudget budget{100};
  const TimePoint now{1h};
  CHECK(budget.begin_overdraft({0, 10}, now));
  CHECK_FALSE(budget.begin_overdraft({0, 1}, now));
  budget.end_overdraft();
  CHECK(budget.begin_overdraft({0, 1}, now));
}

TEST_CASE("budget: the next turn is for who misses least, as long as he asks") {
  BufferBudget budget{100};
  TimePoint now{1h};
  CHECK(budget.begin_overdraft({0, 10}, now));
  CHECK_FALSE(budget.begin_overdraft({0, 5}, now));
  CHECK_FALSE(budget.begin_overdraft({0, 7}, now));
  budget.end_overdraft();
  CHECK_FALSE(budget.begin_overdraft({0, 7}, now));
  CHECK(budget.begin_overdraft({0, 5}, now));
  CHECK_FALSE(budget.begin_overdraft({0, 5}, now));
  budget.end_overdraft();
  CHECK(budget.begin_overdraft({0, 7}, now + 1s));
}

TEST_CASE("budget: who wasted a turn comes behind who did not") {
  BufferBudget budget{100};
  const TimePoint now{1h};
  CHECK(budget.begin_overdraft({0, 10}, now));
  CHECK_FALSE(budget.begin_overdraft({0, 1000}, now));
  CHECK_FALSE(budget.begin_overdraft({1, 1}, now));
  budget.end_overdraft();
  CHECK_FALSE(budget.begin_overdraft({1, 1}, now));
  CHECK(budget.begin_overdraft({0, 1000}, now));
}

TEST_CASE("budget: a crowd of stopped connections looks less often") {
  BufferBudget budget{100};
  CHECK(budget.retry() == 10ms);
  for (int i = 0; i < 10'000; ++i) budget.count_stopped();
  CHECK(budget.retry() == 200ms);
}

TEST_CASE("budget: a line is due once a second") {
  BufferBudget budget{100};
  const TimePoint now{1h};
  CHECK(budget.line_due(now));
  CHECK_FALSE(budget.line_due(now + 999ms));
  CHECK(budget.line_due(now + 1s));
}

TEST_CASE("budget: nothing else lies in its cache lines") {
  CHECK(alignof(BufferBudget) == kCacheLineBytes);
  CHECK(sizeof(BufferBudget) % kCacheLineBytes == 0);
}

}  // namespace
}  // namespace appd::reactor
