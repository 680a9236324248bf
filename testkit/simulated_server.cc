#include "appd/testkit/simulated_server.h"

#include <memory>
#include <utility>

namespace appd::test {
namespace {

constexpr std::size_t kConnections = 1000;
// Unless the options say so: the same on every machine.
constexpr std::size_t kPoolThreads = 4;

servers::Limits limits_of(const daemon::Options& options) {
  servers::Limits limits = options.limits;
  if (limits.max_connections == 0) limits.max_connections = kConnections;
  if (limits.pool_threads == 0) limits.pool_threads = kPoolThreads;
  return limits;
}

}  // namespace

SimulatedServer::SimulatedServer(reactor::sim::World& world, const protocol::Address& address,
                                 const daemon::App& app, const daemon::Options& options)
    : log_({.level = logging::Level::kOff, .format = {}, .file = {}}),
      host_(world, {.address = address.host}) {
  const servers::Limits limits = limits_of(options);
  pool_.emplace(world, limits.pool_threads, limits.pool_queue);
  server_.emplace(limits, 1, log_, app.registry(options),
                  servers::ServerParts{.backend = [this, &world] { return backend(world); },
                                       .protocols = app.protocols(),
                                       .make_outgoing = app.outgoing_calls(),
                                       .pool = &*pool_});
  server_->use(app.functions());
  server_->listen(address);
  loop_attached_.emplace(app.loop(), server_->main_loop());
  actor_.emplace(server_->main_loop(), *poller_);
}

reactor::Result<reactor::Backend> SimulatedServer::backend(reactor::sim::World& world) {
  auto made = std::make_unique<reactor::sim::SimPoller>(host_);
  poller_ = made.get();
  return reactor::Backend{std::move(made), &host_, &world.clock()};
}

void SimulatedServer::crash() {
  actor_.reset();
  loop_attached_.reset();
  server_.reset();
  pool_.reset();
}

}  // namespace appd::test
