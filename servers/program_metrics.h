// Figures of a program's own: counters, gauges and histograms, which any thread may change at the
// cost of one relaxed addition, and their text in the format that Prometheus reads
// (https://prometheus.io/docs/instrumenting/exposition_formats/, version 0.0.4).
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace appd::servers {

namespace internal {

// Threads that add at the same time have lines of the cache of their own.
class ShardedCount {
 public:
  void add(std::uint64_t count) {
    shards_[shard_of_thread()].count.fetch_add(count, std::memory_order_relaxed);
  }
  [[nodiscard]] std::uint64_t sum() const;

 private:
  static constexpr std::size_t kShards = 8;
  struct alignas(64) Shard {
    std::atomic<std::uint64_t> count = 0;
  };
  [[nodiscard]] static std::size_t shard_of_thread();

  std::array<Shard, kShards> shards_;
};

// fetch_add() of floating point, which older standard libraries do not have.
void add_to(std::atomic<double>& sum, double difference);

}  // namespace internal

// How often something happened. Never falls.
class ProgramCounter {
 public:
  void add(std::uint64_t count = 1) { count_.add(count); }
  [[nodiscard]] std::uint64_t value() const { return count_.sum(); }

 private:
  internal::ShardedCount count_;
};

// How much of something there is now.
class ProgramGauge {
 public:
  void set(double value) { value_.store(value, std::memory_order_relaxed); }
  void add(double difference) { internal::add_to(value_, difference); }
  [[nodiscard]] double value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<double> value_ = 0;
};

// How often a value was at most each of some bounds.
class ProgramHistogram {
 public:
  explicit ProgramHistogram(std::vector<double> bounds);

  void observe(double value);
  [[nodiscard]] const std::vector<double>& bounds() const { return bounds_; }
  // Values at most bounds()[index], and above the bound before; behind the last: those above all.
  [[nodiscard]] std::uint64_t count(std::size_t index) const { return counts_[index].sum(); }
  [[nodiscard]] double sum() const { return sum_.load(std::memory_order_relaxed); }

 private:
  const std::vector<double> bounds_;
  std::deque<internal::ShardedCount> counts_;  // one more than bounds
  std::atomic<double> sum_ = 0;
};

// The figures of one program. Any thread.
class ProgramMetrics {
 public:
  // Each lives as long as this. `name`: letters, digits and '_', no digit first; `help`: one
  // sentence. Throws std::invalid_argument: another name, or one that is there already.
  ProgramCounter& counter(std::string name, std::string help);
  ProgramGauge& gauge(std::string name, std::string help);
  // `bounds`: at least one, finite and rising; else std::invalid_argument.
  ProgramHistogram& histogram(std::string name, std::string help, std::vector<double> bounds);

  // All of them, in the order of their making; counters get "_total" behind their names.
  [[nodiscard]] std::string text() const;

 private:
  enum class Kind : std::uint8_t { kCounter, kGauge, kHistogram };
  struct Entry {
    std::string name;
    std::string help;
    Kind kind;
    std::size_t index;  // in the deque of its kind
  };
  void enter(std::string name, std::string help, Kind kind, std::size_t index);
  void append(std::string& out, const Entry& entry) const;

  mutable std::mutex mutex_;
  std::vector<Entry> entries_;
  std::deque<ProgramCounter> counters_;  // whose elements never move
  std::deque<ProgramGauge> gauges_;
  std::deque<ProgramHistogram> histograms_;
};

}  // namespace appd::servers
