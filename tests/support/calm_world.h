// A simulated world with nothing left to chance, for tests of everything above the reactor's system
// files: what is sent is there in the same moment and in one piece, and nothing goes wrong but what
// a test asks for.
//
//   CalmWorld world;
//   EventLoop loop(world.backend());
//
// Time moves only when a poller has nothing to report: it jumps to the end of the wait, so that a
// time-out of an hour costs nothing. One thread, which all loops of a world share; wake() alone may
// come from any thread.
#pragma once

#include <cstddef>

#include "appd/reactor/backend.h"
#include "appd/reactor/sim/host.h"
#include "appd/reactor/sim/wire.h"
#include "appd/reactor/sim/world.h"

namespace appd::testing {

// Outlives every loop, listener and transport of its own.
class CalmWorld {
 public:
  static constexpr std::size_t kBufferBytes = 64 * 1024;

  // `buffer_bytes`: what a connection holds in each direction.
  explicit CalmWorld(std::size_t buffer_bytes = kBufferBytes);
  // Checks that no invariant of the world was broken.
  ~CalmWorld();
  CalmWorld(const CalmWorld&) = delete;
  CalmWorld& operator=(const CalmWorld&) = delete;

  // One a loop; they share network and time.
  [[nodiscard]] reactor::Backend backend();
  // All loops are of one host.
  [[nodiscard]] reactor::sim::Host& network() { return host_; }
  // For misfortunes that a test asks for.
  [[nodiscard]] reactor::sim::World& world() { return world_; }
  [[nodiscard]] reactor::TimePoint now() const { return world_.now(); }
  // Time goes by, in which no loop takes a turn.
  void pass(reactor::Duration time);
  // An established stream between two ends of this world, without a listener.
  [[nodiscard]] reactor::sim::WirePair make_pair(std::size_t buffer_bytes = kBufferBytes) {
    return reactor::sim::make_wire_pair(host_, host_, buffer_bytes);
  }
  // Listeners and ends that are open: a test's look for leaks.
  [[nodiscard]] std::size_t open_descriptors() const { return host_.open_descriptors(); }

 private:
  reactor::sim::World world_;
  reactor::sim::Host host_;
};

}  // namespace appd::testing
