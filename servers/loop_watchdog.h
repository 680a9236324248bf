// Names the handler that blocks a loop, in the log, while it still blocks: a thread of its own that
// looks at what each loop is in (RunningCall) a few times in the allowed time. The loops do not
// know of it.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "appd/handlers/waiting/running_call.h"
#include "appd/logging/log.h"
#include "appd/reactor/clock.h"

namespace appd::servers {

class LoopWatchdog {
 public:
  // Actions are read under `registry_mutex`; whoever destroys a registry holds it. All outlive the
  // watchdog.
  LoopWatchdog(reactor::Duration allowed, std::mutex& registry_mutex, logging::Log& log);
  ~LoopWatchdog();
  LoopWatchdog(const LoopWatchdog&) = delete;
  LoopWatchdog& operator=(const LoopWatchdog&) = delete;

  // Before start().
  void watch(const handlers::RunningCall& loop);
  void start();

  // One look: a call that is there since `allowed` is logged, and again each time that doubles.
  // The thread does this; tests do it by hand. Returns the lines that it logged.
  std::size_t look(reactor::TimePoint now);

  // Until the next look: less than the allowed time, unless no loop called anything since the last
  // one. An idle server is left alone.
  [[nodiscard]] reactor::Duration pause() const;

 private:
  struct Watched {
    const handlers::RunningCall* loop;
    std::uint64_t count = 0;  // of calls, at the last look
    std::optional<reactor::TimePoint> since = {};
    reactor::Duration next_line{};  // the age at which it is logged
  };

  // Whether it logged.
  bool look_at(Watched& watched, reactor::TimePoint now);
  void keep_looking();

  const reactor::Duration allowed_;
  std::mutex& registry_mutex_;
  logging::Log& log_;
  std::vector<Watched> loops_;
  bool idle_ = false;  // no loop called anything between the last two looks
  std::mutex mutex_;   // guards ending_
  std::condition_variable ended_;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace appd::servers
