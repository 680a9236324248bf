#include "appd/clients/load/load_result.h"

#include <algorithm>
#include <chrono>
#include <cstdio>

namespace appd::clients {
namespace {

constexpr double kBusy = 0.95;
// Less than this is the granularity of waking up, whatever the percentiles are.
constexpr auto kNotableLateness = std::chrono::microseconds(50);

double microseconds(Histogram::Value value) {
  return std::chrono::duration<double, std::micro>(value).count();
}

template <class... Values>
void add(std::string& out, const char* format, Values... values) {
  char text[256];
  const int length = std::snprintf(text, sizeof text, format, values...);
  out.append(text, static_cast<std::size_t>(std::clamp(length, 0, 255)));
}

}  // namespace

double LoadResult::requests_per_second() const {
  const double seconds = std::chrono::duration<double>(window).count();
  return seconds > 0 ? static_cast<double>(good) / seconds : 0;
}

bool LoadResult::engine_was_bottleneck() const {
  if (engine_busy > kBusy) return true;
  const auto late = lateness.quantile(0.99);
  return late > kNotableLateness && late > latency.quantile(0.99) / 2;
}

std::string result_text(const LoadResult& result) {
  std::string out;
  add(out, "requests  %llu in %.3f s, %.0f a second\n",
      static_cast<unsigned long long>(result.requests),
      std::chrono::duration<double>(result.window).count(), result.requests_per_second());
  add(out, "errors    %llu", static_cast<unsigned long long>(result.errors));
  if (result.errors > 0) {
    add(out, " (wrong replies %llu, broken connections %llu, time-outs %llu)",
        static_cast<unsigned long long>(result.wrong_replies),
        static_cast<unsigned long long>(result.broken),
        static_cast<unsigned long long>(result.timeouts));
  }
  out += '\n';
  if (!result.first_error.empty()) out += "          the first: " + result.first_error + '\n';
  const Histogram& latency = result.latency;
  add(out, "latency   p50 %.1f us, p90 %.1f, p99 %.1f, p99.9 %.1f, max %.1f, mean %.1f\n",
      microseconds(latency.quantile(0.5)), microseconds(latency.quantile(0.9)),
      microseconds(latency.quantile(0.99)), microseconds(latency.quantile(0.999)),
      microseconds(latency.max()), latency.mean_ns() / 1000);
  add(out, "engine    busy %.0f %%", result.engine_busy * 100);
  if (result.lateness.count() > 0) {
    add(out, ", sent late by p50 %.1f us, p99 %.1f us", microseconds(result.lateness.quantile(0.5)),
        microseconds(result.lateness.quantile(0.99)));
  }
  out += '\n';
  if (result.engine_was_bottleneck()) {
    out +=
        "WARNING   the load engine itself was the bottleneck: the server may be better than this\n";
  }
  return out;
}

}  // namespace appd::clients
