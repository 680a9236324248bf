// Poller, network and clock, chosen together: everything that a loop asks of the world.
#pragma once

#include <memory>

#include "appd/reactor/backend_factory.h"
#include "appd/reactor/clock.h"
#include "appd/reactor/network.h"
#include "appd/reactor/poller.h"

namespace appd::reactor {

struct Backend {
  std::unique_ptr<Poller> poller;  // the loop's own
  Network* network;                // shared, outlives the loop; never null
  const Clock* clock;              // likewise
};

}  // namespace appd::reactor
