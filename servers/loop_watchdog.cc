#include "servers/loop_watchdog.h"

#include <algorithm>

namespace appd::servers {

namespace {

// Looks in the allowed time: a block is seen when it is between once and once and a quarter as old.
constexpr int kLooks = 4;

}  // namespace

LoopWatchdog::LoopWatchdog(reactor::Duration allowed, std::mutex& registry_mutex, Log& log)
    : allowed_(allowed), registry_mutex_(registry_mutex), log_(log) {}

LoopWatchdog::~LoopWatchdog() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  ended_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void LoopWatchdog::watch(const handlers::RunningCall& loop) { loops_.push_back({.loop = &loop}); }

void LoopWatchdog::start() {
  thread_ = std::thread([this] { keep_looking(); });
}

void LoopWatchdog::keep_looking() {
  const auto pause = std::max<reactor::Duration>(allowed_ / kLooks, std::chrono::milliseconds(1));
  std::unique_lock lock(mutex_);
  while (!ended_.wait_for(lock, pause, [this] { return ending_; })) {
    look(std::chrono::steady_clock::now());
  }
}

std::size_t LoopWatchdog::look(reactor::TimePoint now) {
  std::size_t lines = 0;
  for (Watched& watched : loops_) lines += look_at(watched, now) ? 1 : 0;
  return lines;
}

bool LoopWatchdog::look_at(Watched& watched, reactor::TimePoint now) {
  const std::lock_guard lock(registry_mutex_);
  const auto call = watched.loop->now();
  if (!call) {
    watched.since.reset();
    return false;
  }
  if (!watched.since || watched.count != call->count) {
    watched.count = call->count;
    watched.since = now;
    watched.next_line = allowed_;
    return false;
  }
  const reactor::Duration age = now - *watched.since;
  if (age < watched.next_line) return false;
  watched.next_line = 2 * age;
  const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(age).count();
  log_.write(Level::kWarn, "a handler blocks its loop",
             {{"action", call->action->name},
              {"connection", call->connection},
              {"milliseconds", milliseconds}});
  return true;
}

}  // namespace appd::servers
