#include "appd/reactor/memory/slab.h"

#include <doctest/doctest.h>

#include <cstring>
#include <random>
#include <set>
#include <vector>

namespace appd::reactor {
namespace {

constexpr std::size_t kPlaceBytes = 104;

// Gives back what is left.
struct Cells {
  ~Cells() {
    for (const Slab::Cell cell : taken) slab.give_back(cell);
  }
  Slab::Cell take() {
    const Slab::Cell cell = slab.take();
    taken.insert(cell);
    return cell;
  }
  void take_many(int count) {
    for (int i = 0; i < count; ++i) take();
  }
  void give_back(Slab::Cell cell) {
    taken.erase(cell);
    slab.give_back(cell);
  }
  void give_all_back() {
    while (!taken.empty()) give_back(*taken.begin());
  }

  Slab slab{kPlaceBytes};
  std::set<Slab::Cell> taken;
};

TEST_CASE("slab: an empty one holds no memory") {
  const Slab slab(kPlaceBytes);
  CHECK(slab.bytes() == 0);
  CHECK(slab.taken() == 0);
}

TEST_CASE("slab: cells do not overlap, stay where they are, and are aligned") {
  Cells cells;
  std::vector<void*> where;
  for (int i = 0; i < 300; ++i) {
    const Slab::Cell cell = cells.take();
    where.push_back(cells.slab.at(cell));
    CHECK(reinterpret_cast<std::uintptr_t>(where.back()) % alignof(void*) == 0);
    std::memset(where.back(), i % 251, kPlaceBytes);
  }
  int i = 0;
  for (const Slab::Cell cell : cells.taken) {
    const auto* bytes = static_cast<const unsigned char*>(cells.slab.at(cell));
    CHECK(bytes == where[static_cast<std::size_t>(i)]);
    CHECK(bytes[0] == i % 251);
    CHECK(bytes[kPlaceBytes - 1] == i % 251);
    ++i;
  }
}

TEST_CASE("slab: many cells take little more than their size") {
  Cells cells;
  cells.take_many(64 * 100);
  CHECK(cells.slab.bytes() <= 64 * 100 * (kPlaceBytes + 1));
}

TEST_CASE("slab: the lowest free cell is taken first") {
  Cells cells;
  cells.take_many(200);
  cells.give_back(150);
  cells.give_back(7);
  CHECK(cells.take() == 7);
  CHECK(cells.take() == 150);
  CHECK(cells.take() == 200);
}

TEST_CASE("slab: chunks that are empty are given back, but for one") {
  Cells cells;
  cells.take_many(64);
  const std::size_t one_chunk = cells.slab.bytes();
  cells.take_many(64 * 49);
  cells.give_all_back();
  CHECK(cells.slab.bytes() < 2 * one_chunk);
  CHECK(cells.slab.bytes() >= 64 * kPlaceBytes);
}

TEST_CASE("slab: a cell that comes and goes takes no memory anew") {
  Cells cells;
  cells.take_many(64);
  cells.give_back(cells.take());
  const std::size_t before = cells.slab.bytes();
  for (int i = 0; i < 10; ++i) {
    const Slab::Cell cell = cells.take();
    CHECK(cells.slab.bytes() == before);
    cells.give_back(cell);
    CHECK(cells.slab.bytes() == before);
  }
}

TEST_CASE("slab: for_each visits what is taken, in order, and not what goes on the way") {
  Cells cells;
  cells.take_many(130);
  cells.give_back(3);
  std::vector<void*> visited;
  cells.slab.for_each([&](void* one) {
    visited.push_back(one);
    if (visited.size() == 1) cells.give_back(1);
    if (visited.size() == 2) cells.give_back(129);
  });
  std::vector<void*> expected{cells.slab.at(0)};
  for (const Slab::Cell cell : cells.taken) {
    if (cell > 0) expected.push_back(cells.slab.at(cell));
  }
  CHECK(visited == expected);
}

TEST_CASE("slab: any mix of calls keeps the cells apart") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    Cells cells;
    for (int i = 0; i < 3000; ++i) {
      const bool grows = (i / 500) % 2 == 0;
      if (cells.taken.empty() || random() % 4 < (grows ? 3U : 1U)) {
        const std::size_t before = cells.taken.size();
        cells.take();
        REQUIRE(cells.taken.size() == before + 1);
      } else {
        auto one = cells.taken.begin();
        std::advance(one, random() % cells.taken.size());
        cells.give_back(*one);
      }
      REQUIRE(cells.slab.taken() == cells.taken.size());
    }
  }
}

}  // namespace
}  // namespace appd::reactor
