// Gives memory that large messages needed back to the system, once no message needs any.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <thread>

#include "appd/reactor/event_loop.h"
#include "appd/reactor/timer_queue.h"

namespace appd::daemon {

// On one thread, that of `loop`; what takes milliseconds is done by another one.
class KeptMemory {
 public:
  // How often it looks: so long memory is kept at least, and twice as long at most.
  static constexpr auto kPeriod = std::chrono::seconds(5);
  // So much may stay.
  static constexpr std::size_t kSpareBytes = 16 * 1024 * 1024;

  // `needed`: bytes that messages under way hold. The loop outlives this.
  KeptMemory(reactor::EventLoop& loop, std::function<std::size_t()> needed);
  KeptMemory(const KeptMemory&) = delete;
  KeptMemory& operator=(const KeptMemory&) = delete;
  ~KeptMemory();

 private:
  void look();

  reactor::EventLoop& loop_;
  const std::function<std::size_t()> needed_;
  std::size_t seen_ = 0;  // kept at the last look, while nothing was needed
  std::thread giving_back_;
  reactor::Timer timer_;
};

}  // namespace appd::daemon
