#include "appd/servers/program_metrics.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numeric>
#include <stdexcept>
#include <utility>

#include "appd/protocol/text/printable_text.h"

namespace appd::servers {
namespace {

bool is_name(std::string_view name) {
  const auto is_letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  return !name.empty() && is_letter(name.front()) &&
         std::ranges::all_of(name, [&](char c) { return is_letter(c) || (c >= '0' && c <= '9'); });
}

std::string shown(double value) {
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  if (std::isnan(value)) return "NaN";
  std::array<char, 32> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  return {text.data(), end};
}

void append_line(std::string& out, std::string_view name, std::string_view labels,
                 std::string_view value) {
  out.append(name).append(labels).append(" ").append(value).append("\n");
}

// A help text ends with its line, and '\' escapes.
void append_help(std::string& out, std::string_view name, std::string_view help) {
  out.append("# HELP ").append(name).append(" ");
  for (const char c : help) {
    if (c == '\\') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  out += '\n';
}

void append_type(std::string& out, std::string_view name, std::string_view type) {
  out.append("# TYPE ").append(name).append(" ").append(type).append("\n");
}

void append_histogram(std::string& out, const std::string& name,
                      const ProgramHistogram& histogram) {
  std::uint64_t so_far = 0;
  for (std::size_t i = 0; i <= histogram.bounds().size(); ++i) {
    so_far += histogram.count(i);
    const bool last = i == histogram.bounds().size();
    const std::string bound = last ? "+Inf" : shown(histogram.bounds()[i]);
    append_line(out, name + "_bucket", "{le=\"" + bound + "\"}", std::to_string(so_far));
  }
  append_line(out, name + "_sum", "", shown(histogram.sum()));
  append_line(out, name + "_count", "", std::to_string(so_far));
}

}  // namespace

namespace internal {

std::uint64_t ShardedCount::sum() const {
  return std::accumulate(shards_.begin(), shards_.end(), std::uint64_t{0},
                         [](std::uint64_t sum, const Shard& shard) {
                           return sum + shard.count.load(std::memory_order_relaxed);
                         });
}

std::size_t ShardedCount::shard_of_thread() {
  static std::atomic<std::size_t> next = 0;
  thread_local const std::size_t mine = next.fetch_add(1, std::memory_order_relaxed) % kShards;
  return mine;
}

void add_to(std::atomic<double>& sum, double difference) {
  double before = sum.load(std::memory_order_relaxed);
  while (!sum.compare_exchange_weak(before, before + difference, std::memory_order_relaxed)) {
  }
}

}  // namespace internal

ProgramHistogram::ProgramHistogram(std::vector<double> bounds)
    : bounds_(std::move(bounds)), counts_(bounds_.size() + 1) {}

void ProgramHistogram::observe(double value) {
  // What is not a number is at most no bound.
  const auto bound = std::isnan(value) ? bounds_.end() : std::ranges::lower_bound(bounds_, value);
  counts_[static_cast<std::size_t>(bound - bounds_.begin())].add(1);
  internal::add_to(sum_, value);
}

ProgramCounter& ProgramMetrics::counter(std::string name, std::string help) {
  const std::lock_guard lock(mutex_);
  enter(std::move(name), std::move(help), Kind::kCounter, counters_.size());
  return counters_.emplace_back();
}

ProgramGauge& ProgramMetrics::gauge(std::string name, std::string help) {
  const std::lock_guard lock(mutex_);
  enter(std::move(name), std::move(help), Kind::kGauge, gauges_.size());
  return gauges_.emplace_back();
}

ProgramHistogram& ProgramMetrics::histogram(std::string name, std::string help,
                                            std::vector<double> bounds) {
  const bool rising = std::ranges::adjacent_find(bounds, std::greater_equal<>()) == bounds.end();
  if (bounds.empty() || !rising ||
      !std::ranges::all_of(bounds, [](double bound) { return std::isfinite(bound); })) {
    throw std::invalid_argument("histogram " + protocol::in_quotes(name) +
                                ": give bounds that are finite and rise");
  }
  const std::lock_guard lock(mutex_);
  enter(std::move(name), std::move(help), Kind::kHistogram, histograms_.size());
  return histograms_.emplace_back(std::move(bounds));
}

void ProgramMetrics::enter(std::string name, std::string help, Kind kind, std::size_t index) {
  if (!is_name(name)) {
    throw std::invalid_argument("metric " + protocol::in_quotes(name) +
                                ": a name has letters, digits and '_', and no digit first");
  }
  if (std::ranges::find(entries_, name, &Entry::name) != entries_.end()) {
    throw std::invalid_argument("metric " + protocol::in_quotes(name) + " is there already");
  }
  entries_.push_back({std::move(name), std::move(help), kind, index});
}

std::string ProgramMetrics::text() const {
  const std::lock_guard lock(mutex_);
  std::string out;
  for (const Entry& entry : entries_) append(out, entry);
  return out;
}

void ProgramMetrics::append(std::string& out, const Entry& entry) const {
  const std::string name = entry.kind == Kind::kCounter ? entry.name + "_total" : entry.name;
  append_help(out, name, entry.help);
  switch (entry.kind) {
    case Kind::kCounter:
      append_type(out, name, "counter");
      append_line(out, name, "", std::to_string(counters_[entry.index].value()));
      break;
    case Kind::kGauge:
      append_type(out, name, "gauge");
      append_line(out, name, "", shown(gauges_[entry.index].value()));
      break;
    case Kind::kHistogram:
      append_type(out, name, "histogram");
      append_histogram(out, name, histograms_[entry.index]);
      break;
  }
}

}  // namespace appd::servers
