// Poller, network and clock, chosen together: everything that a loop asks of the world.
#pragma once

#include <functional>
#include <memory>

#include "appd/reactor/clock.h"
#include "appd/reactor/network.h"
#include "appd/reactor/poller.h"

namespace appd::reactor {

struct Backend {
  std::unique_ptr<Poller> poller;  // the loop's own
  Network* network;                // shared, outlives the loop; never null
  const Clock* clock;              // likewise
};

// Makes one backend a loop. Errors: the system's (EMFILE).
using BackendFactory = std::function<Result<Backend>()>;

// What this system has: epoll (backend_epoll.cc) or kqueue (backend_kqueue.cc); the build links
// one of the two files.
[[nodiscard]] Result<Backend> system_backend();

}  // namespace appd::reactor
