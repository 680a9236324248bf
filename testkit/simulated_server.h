// An App that serves in a simulated world: a host of its own with a server of one loop on it.
#pragma once

#include <optional>

#include "appd/daemon/app.h"
#include "appd/protocol/address.h"
#include "appd/reactor/sim/poller.h"
#include "appd/servers/server.h"
#include "appd/testkit/simulated_pool.h"

namespace appd::test {

class SimulatedServer {
 public:
  // At `address`, whose host is a number, with the actions that `app` has now. The world outlives
  // it. Throws what the actions throw when added, and StartError: the address is in use.
  SimulatedServer(reactor::sim::World& world, const protocol::Address& address,
                  const daemon::App& app, const daemon::Options& options);

  // There, too, before the world goes on.
  void listen(const protocol::Address& address) { server_->listen(address); }
  [[nodiscard]] SimulatedPool& pool() { return *pool_; }
  // From one moment to the next its connections break, and nobody is there any more. Its host stays
  // in the world, whose wires know it.
  void crash();

 private:
  [[nodiscard]] reactor::Result<reactor::Backend> backend(reactor::sim::World& world);

  logging::Log log_;
  reactor::sim::Host host_;
  std::optional<SimulatedPool> pool_;
  reactor::sim::SimPoller* poller_ = nullptr;  // its loop's
  std::optional<servers::Server> server_;
  std::optional<daemon::Attachment> loop_attached_;
  std::optional<reactor::sim::LoopActor> actor_;
};

}  // namespace appd::test
