#include "tests/support/calm_world.h"

#include <exception>
#include <memory>

#include "appd/reactor/check.h"
#include "appd/reactor/sim/poller.h"

namespace appd::testing {

using reactor::sim::SimPoller;
using reactor::sim::World;

CalmWorld::CalmWorld(std::size_t buffer_bytes)
    : world_(1, World::Driving::kByPollers),
      host_(world_, {.address = "127.0.0.1", .buffer_bytes = buffer_bytes}) {
  world_.ways = reactor::sim::kDirectWays;
  world_.trace().stop();
}

CalmWorld::~CalmWorld() {
  // A test that has failed already leaves things as they are.
  APPD_CHECK(std::uncaught_exceptions() > 0 || !world_.violation(), *world_.violation());
}

reactor::Backend CalmWorld::backend() {
  return {std::make_unique<SimPoller>(host_), &host_, &world_.clock()};
}

void CalmWorld::pass(reactor::Duration time) {
  const reactor::TimePoint until = now() + time;
  while (world_.advance_to_next_event(until)) {
  }
}

}  // namespace appd::testing
