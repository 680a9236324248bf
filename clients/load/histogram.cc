#include "appd/clients/load/histogram.h"

#include <algorithm>
#include <cmath>

namespace appd::clients {

// A value of 2^(7+s) to 2^(8+s) - 1 keeps its eight highest bits (128 to 255) when it is shifted by
// s; octave s begins at bucket 128 s + 128. With s = 0 that is the value itself, and so it is below
// 128.
std::size_t Histogram::bucket_of(std::uint64_t value) {
  const auto width = static_cast<int>(std::bit_width(value));
  const int shift = width > kBucketBits + 1 ? width - (kBucketBits + 1) : 0;
  return (static_cast<std::size_t>(shift) << kBucketBits) +
         static_cast<std::size_t>(value >> shift);
}

std::uint64_t Histogram::last_value_of(std::size_t bucket) {
  if (bucket < 2 * kBucketsPerOctave) return bucket;
  const std::size_t shift = bucket / kBucketsPerOctave - 1;
  const std::uint64_t highest_bits = bucket - shift * kBucketsPerOctave;
  return ((highest_bits + 1) << shift) - 1;  // of the last bucket of all: 2^64 - 1, by wrapping
}

void Histogram::record(Value value, std::uint64_t times) {
  if (times == 0) return;
  const auto ns = static_cast<std::uint64_t>(std::max<Value::rep>(value.count(), 0));
  buckets_[bucket_of(ns)] += times;
  count_ += times;
  min_ = std::min(min_, ns);
  max_ = std::max(max_, ns);
  sum_ += static_cast<double>(ns) * static_cast<double>(times);
}

double Histogram::mean_ns() const { return count_ == 0 ? 0 : sum_ / static_cast<double>(count_); }

Histogram::Value Histogram::quantile(double fraction) const {
  if (count_ == 0) return Value(0);
  const double wanted = std::ceil(fraction * static_cast<double>(count_));
  const auto rank = std::clamp<std::uint64_t>(static_cast<std::uint64_t>(wanted), 1, count_);
  std::uint64_t seen = 0;
  std::size_t bucket = 0;
  while ((seen += buckets_[bucket]) < rank) ++bucket;
  return Value(std::min(last_value_of(bucket), max_));
}

}  // namespace appd::clients
