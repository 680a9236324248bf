#include "reactor/buffer_budget.h"

#include <doctest/doctest.h>

namespace appd::reactor {
namespace {

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
  CHECK(budget.begin_overdraft());
  CHECK_FALSE(budget.begin_overdraft());
  budget.end_overdraft();
  CHECK(budget.begin_overdraft());
}

TEST_CASE("budget: nothing else lies in its cache lines") {
  CHECK(alignof(BufferBudget) == kCacheLineBytes);
  CHECK(sizeof(BufferBudget) % kCacheLineBytes == 0);
}

}  // namespace
}  // namespace appd::reactor
