// What a run of a load measured.
#pragma once

#include <cstdint>
#include <string>

#include "appd/clients/load/histogram.h"
#include "appd/reactor/clock.h"

namespace appd::clients {

struct LoadResult {
  // Requests of the window, and those of them that got the right reply. A closed loop's belong to
  // the window in which they end, an open loop's to that in which they were due.
  std::uint64_t requests = 0;
  std::uint64_t good = 0;
  // Requests without a reply or with a wrong one, and connections that broke between requests.
  std::uint64_t errors = 0;
  // The errors by kind (load_lane.h, Failure).
  std::uint64_t wrong_replies = 0;
  std::uint64_t broken = 0;
  std::uint64_t timeouts = 0;
  std::string first_error;  // in words, of the whole run; empty: there was none

  // The window; of an open loop whose last replies came late, until they came.
  reactor::Duration window{};
  // Of all requests of the window. One that was given up counts with the time until then.
  Histogram latency;

  // How much of the window the engine was busy, 0 to 1: what it spent of a core, without turns
  // in which it found nothing to do.
  double engine_busy = 0;
  // Open loop: how late the engine itself sent, of the requests that had a connection when due.
  Histogram lateness;

  [[nodiscard]] double requests_per_second() const;
  // The engine, not the server, set the pace: it had no time left, or half of the 99th percentile
  // is its own lateness. The figures then say less about the server than it deserves.
  [[nodiscard]] bool engine_was_bottleneck() const;
};

// For a person: a few lines.
[[nodiscard]] std::string result_text(const LoadResult& result);

}  // namespace appd::clients
