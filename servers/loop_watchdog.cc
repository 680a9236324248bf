#include "appd/servers/loop_watchdog.h"

#include <algorithm>
#include <utility>

namespace appd::servers {

namespace {

// Looks in the allowed time: a block is seen when it is between once and once and a quarter as old;
// the first one of an idle server at twice that age at the latest.
constexpr int kLooks = 4;

}  // namespace

LoopWatchdog::LoopWatchdog(reactor::Duration allowed, std::mutex& registry_mutex, logging::Log& log)
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
  std::unique_lock lock(mutex_);
  while (!ended_.wait_for(lock, pause(), [this] { return ending_; })) {
    look(std::chrono::steady_clock::now());
  }
}

reactor::Duration LoopWatchdog::pause() const {
  const auto pause = idle_ ? allowed_ : allowed_ / kLooks;
  return std::max<reactor::Duration>(pause, std::chrono::milliseconds(1));
}

std::size_t LoopWatchdog::look(reactor::TimePoint now) {
  std::size_t lines = 0;
  idle_ = true;
  for (Watched& watched : loops_) {
    if (look_at(watched, now)) ++lines;
  }
  return lines;
}

bool LoopWatchdog::look_at(Watched& watched, reactor::TimePoint now) {
  const std::lock_guard lock(registry_mutex_);
  const auto call = watched.loop->now();
  const std::uint64_t count = call ? call->count : watched.loop->count();
  const bool same = count == std::exchange(watched.count, count);
  idle_ = idle_ && same && !call;
  if (!call) {
    watched.since.reset();
    return false;
  }
  if (!watched.since || !same) {
    watched.since = now;
    watched.next_line = allowed_;
    return false;
  }
  const reactor::Duration age = now - *watched.since;
  if (age < watched.next_line) return false;
  watched.next_line = 2 * age;
  const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(age).count();
  log_.write(logging::Level::kWarn, "a handler blocks its loop",
             {{"action", call->action->name},
              {"connection", call->connection},
              {"milliseconds", milliseconds}});
  return true;
}

}  // namespace appd::servers
