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
struct Places {
  ~Places() {
    for (const Slab::Place place : taken) slab.give_back(place);
  }
  Slab::Place take() {
    const Slab::Place place = slab.take();
    taken.insert(place);
    return place;
  }
  void take_many(int count) {
    for (int i = 0; i < count; ++i) take();
  }
  void give_back(Slab::Place place) {
    taken.erase(place);
    slab.give_back(place);
  }
  void give_all_back() {
    while (!taken.empty()) give_back(*taken.begin());
  }

  Slab slab{kPlaceBytes};
  std::set<Slab::Place> taken;
};

TEST_CASE("slab: an empty one holds no memory") {
  const Slab slab(kPlaceBytes);
  CHECK(slab.bytes() == 0);
  CHECK(slab.taken() == 0);
}

TEST_CASE("slab: places do not overlap, stay where they are, and are aligned") {
  Places places;
  std::vector<void*> where;
  for (int i = 0; i < 300; ++i) {
    const Slab::Place place = places.take();
    where.push_back(places.slab.at(place));
    CHECK(reinterpret_cast<std::uintptr_t>(where.back()) % alignof(void*) == 0);
    std::memset(where.back(), i % 251, kPlaceBytes);
  }
  int i = 0;
  for (const Slab::Place place : places.taken) {
    const auto* bytes = static_cast<const unsigned char*>(places.slab.at(place));
    CHECK(bytes == where[static_cast<std::size_t>(i)]);
    CHECK(bytes[0] == i % 251);
    CHECK(bytes[kPlaceBytes - 1] == i % 251);
    ++i;
  }
}

TEST_CASE("slab: many places take little more than their size") {
  Places places;
  places.take_many(64 * 100);
  CHECK(places.slab.bytes() <= 64 * 100 * (kPlaceBytes + 1));
}

TEST_CASE("slab: the lowest free place is taken first") {
  Places places;
  places.take_many(200);
  places.give_back(150);
  places.give_back(7);
  CHECK(places.take() == 7);
  CHECK(places.take() == 150);
  CHECK(places.take() == 200);
}

TEST_CASE("slab: chunks that are empty are given back, but for one") {
  Places places;
  places.take_many(64);
  const std::size_t one_chunk = places.slab.bytes();
  places.take_many(64 * 49);
  places.give_all_back();
  CHECK(places.slab.bytes() < 2 * one_chunk);
  CHECK(places.slab.bytes() >= 64 * kPlaceBytes);
}

TEST_CASE("slab: a place that comes and goes takes no memory anew") {
  Places places;
  places.take_many(64);
  places.give_back(places.take());
  const std::size_t before = places.slab.bytes();
  for (int i = 0; i < 10; ++i) {
    const Slab::Place place = places.take();
    CHECK(places.slab.bytes() == before);
    places.give_back(place);
    CHECK(places.slab.bytes() == before);
  }
}

TEST_CASE("slab: for_each visits what is taken, in order, and not what goes on the way") {
  Places places;
  places.take_many(130);
  places.give_back(3);
  std::vector<void*> visited;
  places.slab.for_each([&](void* one) {
    visited.push_back(one);
    if (visited.size() == 1) places.give_back(1);
    if (visited.size() == 2) places.give_back(129);
  });
  std::vector<void*> expected{places.slab.at(0)};
  for (const Slab::Place place : places.taken) {
    if (place > 0) expected.push_back(places.slab.at(place));
  }
  CHECK(visited == expected);
}

TEST_CASE("slab: any mix of calls keeps the places apart") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    Places places;
    for (int i = 0; i < 3000; ++i) {
      const bool grows = (i / 500) % 2 == 0;
      if (places.taken.empty() || random() % 4 < (grows ? 3U : 1U)) {
        const std::size_t before = places.taken.size();
        places.take();
        REQUIRE(places.taken.size() == before + 1);
      } else {
        auto one = places.taken.begin();
        std::advance(one, random() % places.taken.size());
        places.give_back(*one);
      }
      REQUIRE(places.slab.taken() == places.taken.size());
    }
  }
}

}  // namespace
}  // namespace appd::reactor
