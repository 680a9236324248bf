#include "appd/reactor/memory/generational_table.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <set>

namespace appd::reactor {
namespace {

struct Entry {
  int value = 7;
  std::uint32_t generation = 0;
};

TEST_CASE("table: an entry is found by its name until it is released") {
  GenerationalTable<Entry> table;
  const auto index = table.take();
  const std::uint32_t generation = table[index].generation;
  table[index].value = 1;
  REQUIRE(table.find(index, generation) != nullptr);
  CHECK(table.find(index, generation)->value == 1);
  table.release(index);
  CHECK(table.find(index, generation) == nullptr);
  CHECK(table.taken() == 0);
}

TEST_CASE("table: whoever has an index next is as new, and not found by the name before") {
  GenerationalTable<Entry> table;
  const auto index = table.take();
  const std::uint32_t before = table[index].generation;
  table[index].value = 1;
  table.release(index);
  REQUIRE(table.take() == index);
  CHECK(table[index].value == 7);
  CHECK(table.find(index, before) == nullptr);
  CHECK(table.find(index, table[index].generation) == &table[index]);
}

TEST_CASE("table: those that are taken at a time have different indices") {
  GenerationalTable<Entry> table;
  std::set<GenerationalTable<Entry>::Index> taken;
  for (int i = 0; i < 100; ++i) taken.insert(table.take());
  CHECK(taken.size() == 100);
  CHECK(table.taken() == 100);
  for (const auto index : taken) table.release(index);
  CHECK(table.taken() == 0);
}

}  // namespace
}  // namespace appd::reactor
