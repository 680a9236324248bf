#include "appd/servers/program_metrics.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <stdexcept>
#include <thread>

using namespace appd::servers;

TEST_CASE("metrics: counters, gauges and histograms as text, in the order of their making") {
  ProgramMetrics metrics;
  ProgramGauge& keys = metrics.gauge("keys", "Keys that are there");
  ProgramCounter& hits = metrics.counter("hits", "Lookups that found \\ a key\nof two lines");
  ProgramHistogram& took = metrics.histogram("took_seconds", "Time", {0.5, 2});
  keys.set(3);
  keys.add(-0.5);
  hits.add();
  hits.add(4);
  for (const double value : {0.5, 0.25, 1.0, 7.0}) took.observe(value);
  CHECK(metrics.text() ==
        "# HELP keys Keys that are there\n# TYPE keys gauge\nkeys 2.5\n"
        "# HELP hits_total Lookups that found \\\\ a key\\nof two lines\n"
        "# TYPE hits_total counter\nhits_total 5\n"
        "# HELP took_seconds Time\n# TYPE took_seconds histogram\n"
        "took_seconds_bucket{le=\"0.5\"} 2\ntook_seconds_bucket{le=\"2\"} 3\n"
        "took_seconds_bucket{le=\"+Inf\"} 4\ntook_seconds_sum 8.75\ntook_seconds_count 4\n");
}

TEST_CASE("metrics: what is no number counts above all bounds") {
  ProgramMetrics metrics;
  ProgramHistogram& histogram = metrics.histogram("h", "", {1});
  histogram.observe(std::nan(""));
  histogram.observe(std::numeric_limits<double>::infinity());
  CHECK(histogram.count(0) == 0);
  CHECK(histogram.count(1) == 2);
}

TEST_CASE("metrics: names and bounds that cannot be are refused, and nothing was made") {
  ProgramMetrics metrics;
  metrics.counter("there", "");
  for (const char* name : {"", "1st", "two words", "caf\xc3\xa9", "there", "a\n"}) {
    CAPTURE(name);
    CHECK_THROWS_AS(metrics.gauge(name, ""), std::invalid_argument);
  }
  CHECK_THROWS_AS(metrics.histogram("h", "", {}), std::invalid_argument);
  CHECK_THROWS_AS(metrics.histogram("h", "", {1, 1}), std::invalid_argument);
  CHECK_THROWS_AS(metrics.histogram("h", "", {2, 1}), std::invalid_argument);
  CHECK_THROWS_AS(metrics.histogram("h", "", {std::nan("")}), std::invalid_argument);
  CHECK(metrics.text() == "# HELP there_total \n# TYPE there_total counter\nthere_total 0\n");
}

TEST_CASE("metrics: no addition of any thread is lost") {
  ProgramMetrics metrics;
  ProgramCounter& counter = metrics.counter("c", "");
  ProgramGauge& gauge = metrics.gauge("g", "");
  const auto add = [&] {
    for (int i = 0; i < 10'000; ++i) {
      counter.add();
      gauge.add(1);
    }
  };
  std::thread other(add);
  add();
  other.join();
  CHECK(counter.value() == 20'000);
  CHECK(gauge.value() == 20'000);
}
