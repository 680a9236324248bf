// Latencies by the million in bounded memory: a log-linear histogram. Each power of two is divided
// into 128 buckets of equal width, so a value read out of it is at most 1/128 (0.8 %) too high, and
// never too low. Recording is two shifts and an addition.
#pragma once

#include <array>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace appd::clients {

class Histogram {
 public:
  using Value = std::chrono::nanoseconds;

  // Below zero counts as zero.
  void record(Value value, std::uint64_t times = 1);

  [[nodiscard]] std::uint64_t count() const { return count_; }
  // All that follows is zero when nothing was recorded. Exact:
  [[nodiscard]] Value min() const { return Value(count_ == 0 ? 0 : min_); }
  [[nodiscard]] Value max() const { return Value(max_); }
  [[nodiscard]] double mean_ns() const;

  // The smallest recorded value that at least `fraction` (above 0, at most 1) of all values do not
  // exceed, rounded up to its bucket's end and at most max().
  [[nodiscard]] Value quantile(double fraction) const;

 private:
  static constexpr int kBucketBits = 7;
  static constexpr std::size_t kBucketsPerOctave = std::size_t{1} << kBucketBits;
  // Values of 0 to 255 have a bucket each; behind them come the octaves of 2^8 to 2^63.
  static constexpr std::size_t kBuckets = (65 - kBucketBits) * kBucketsPerOctave;

  [[nodiscard]] static std::size_t bucket_of(std::uint64_t value);
  [[nodiscard]] static std::uint64_t last_value_of(std::size_t bucket);

  std::array<std::uint64_t, kBuckets> buckets_{};
  std::uint64_t count_ = 0;
  std::uint64_t min_ = UINT64_MAX;
  std::uint64_t max_ = 0;
  double sum_ = 0;
};

}  // namespace appd::clients
