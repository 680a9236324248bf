#include "appd/clients/load/histogram.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

namespace appd::clients {
namespace {

using std::chrono::nanoseconds;

TEST_CASE("histogram: an empty one is all zeros") {
  const Histogram histogram;
  CHECK(histogram.count() == 0);
  CHECK(histogram.min() == nanoseconds(0));
  CHECK(histogram.max() == nanoseconds(0));
  CHECK(histogram.mean_ns() == 0);
  CHECK(histogram.quantile(0.5) == nanoseconds(0));
}

TEST_CASE("histogram: small values are exact") {
  Histogram histogram;
  for (int value = 0; value < 256; ++value) histogram.record(nanoseconds(value));
  for (int rank = 1; rank <= 256; ++rank) {
    CAPTURE(rank);
    CHECK(histogram.quantile(rank / 256.0) == nanoseconds(rank - 1));
  }
}

TEST_CASE("histogram: a quantile is never too low and at most 1/128 too high") {
  const auto seed = std::random_device()();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  std::vector<std::int64_t> values;
  Histogram histogram;
  for (int i = 0; i < 20'000; ++i) {
    // Of every size up to 2^62.
    values.push_back(static_cast<std::int64_t>(random() >> (2 + random() % 60)));
    histogram.record(nanoseconds(values.back()));
  }
  std::sort(values.begin(), values.end());
  for (const double fraction : {0.0001, 0.25, 0.5, 0.9, 0.99, 0.999, 1.0}) {
    CAPTURE(fraction);
    const auto rank = static_cast<std::size_t>(std::ceil(fraction * 20'000));
    const std::int64_t exact = values[rank - 1];
    const std::int64_t told = histogram.quantile(fraction).count();
    CHECK(told >= exact);
    CHECK(told - exact <= exact / 128);
  }
  CHECK(histogram.min().count() == values.front());
  CHECK(histogram.max().count() == values.back());
}

TEST_CASE("histogram: the greatest quantile is the maximum itself") {
  Histogram histogram;
  histogram.record(nanoseconds(1'000'001));
  CHECK(histogram.quantile(1) == nanoseconds(1'000'001));
  CHECK(histogram.quantile(0.5) == nanoseconds(1'000'001));
}

TEST_CASE("histogram: the greatest value there is fits") {
  Histogram histogram;
  histogram.record(nanoseconds::max());
  CHECK(histogram.quantile(1) == nanoseconds::max());
}

TEST_CASE("histogram: a negative value counts as zero") {
  Histogram histogram;
  histogram.record(nanoseconds(-5));
  CHECK(histogram.count() == 1);
  CHECK(histogram.max() == nanoseconds(0));
}

TEST_CASE("histogram: a value recorded many times weighs as much, in the mean too") {
  Histogram histogram;
  histogram.record(nanoseconds(10), 99);
  histogram.record(nanoseconds(1010));
  CHECK(histogram.count() == 100);
  CHECK(histogram.mean_ns() == doctest::Approx(20));
  CHECK(histogram.quantile(0.99) == nanoseconds(10));
  CHECK(histogram.quantile(1) == nanoseconds(1010));
}

}  // namespace
}  // namespace appd::clients
