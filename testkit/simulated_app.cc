#include "appd/testkit/simulated_app.h"

#include <map>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

#include "appd/clients/client_session.h"
#include "appd/reactor/sim/poller.h"
#include "appd/servers/served_protocols.h"
#include "appd/testkit/simulated_server.h"

namespace appd::test {
namespace {

using reactor::sim::Host;
using reactor::sim::LoopActor;
using reactor::sim::SimPoller;

constexpr const char* kServerHost = "10.0.0.1";
constexpr const char* kClientHost = "10.0.0.2";
constexpr std::uint16_t kPort = 7000;
constexpr std::uint64_t kReplyBytes = 64 * 1024 * 1024;
constexpr reactor::sim::PerMillion kMostly = 900'000;
constexpr reactor::sim::PerMillion kAlways = 1'000'000;

// Each protocol of the app has a port.
protocol::Address own_address(std::size_t index, std::string_view name = protocol::Protocol::kApp) {
  protocol::Address address;
  address.protocol = name;
  address.host = kServerHost;
  address.port = static_cast<std::uint16_t>(kPort + index);
  return address;
}

reactor::Endpoint endpoint(std::size_t index) {
  const protocol::Address address = own_address(index);
  return reactor::Endpoint::ip(address.host, address.port).value();
}

}  // namespace

struct SimulatedApp::World {
  World(const daemon::App& app, const Setup& setup)
      : world(setup.seed),
        options(setup.options),
        client_host(world, {.address = kClientHost}),
        context(kReplyBytes),
        loop(reactor::Backend{make_poller(), &client_host, &world.clock()}),
        protocols(app.protocols()) {
    if (setup.trace) world.trace().print_to(setup.trace);
    serve(own_address(0), app);
    for (const servers::ServedProtocol& one : protocols->all()) {
      if (one.index > 0) servers.front()->listen(own_address(one.index, one.name));
    }
    client_actor.emplace(loop, *client_poller);
    usual_client.emplace(client());
  }

  std::unique_ptr<SimPoller> make_poller() {
    auto made = std::make_unique<SimPoller>(client_host);
    client_poller = made.get();
    return made;
  }

  // A name gets a number of its own, once.
  protocol::Address numbered(std::string_view text) {
    auto address = protocol::parse_address(text, servers::built_in_protocols()->names());
    if (!address) throw std::invalid_argument(address.error().message);
    if (address->protocol != protocol::Protocol::kApp ||
        address->transport != protocol::TransportKind::kTcp || address->host.empty() ||
        address->port == 0) {
      throw std::invalid_argument(std::string(text) + " is not like app://backend:7000");
    }
    if (reactor::Endpoint::ip(address->host, address->port)) return *address;
    if (world.find_host(address->host) == nullptr) {
      world.name_host(address->host, "10.1.0." + std::to_string(++named_hosts));
    }
    address->host = *world.find_host(address->host);
    return *address;
  }

  void serve(const protocol::Address& address, const daemon::App& app) {
    const auto found = serving.find(address.to_string());
    if (found != serving.end()) {
      throw std::invalid_argument("an app is served at " + address.to_string() + " already");
    }
    auto& server =
        servers.emplace_back(std::make_unique<SimulatedServer>(world, address, app, options));
    server->pool().set_job_time(work_time);
    serving.emplace(address.to_string(), server.get());
  }

  void crash(const protocol::Address& address) {
    const auto found = serving.extract(address.to_string());
    if (found.empty()) throw std::invalid_argument("nobody serves at " + address.to_string());
    found.mapped()->crash();
  }

  SimulatedClient client() { return {world, loop, context, {endpoint(0)}}; }

  SimulatedPeer connect(std::string_view protocol) {
    const servers::ServedProtocol* const served = protocols->find(protocol);
    if (served == nullptr) {
      throw std::invalid_argument(protocol::unknown_protocol(protocol, protocols->names()));
    }
    return {client_host, endpoint(served->index)};
  }

  reactor::sim::World world;
  const daemon::Options options;
  reactor::Duration work_time = std::chrono::milliseconds(1);
  int named_hosts = 0;
  std::vector<std::unique_ptr<SimulatedServer>> servers;  // those that crashed included
  std::map<std::string, SimulatedServer*> serving;        // by address
  Host client_host;
  SimPoller* client_poller = nullptr;  // its loop's
  clients::SessionContext context;
  reactor::EventLoop loop;
  std::optional<LoopActor> client_actor;
  std::shared_ptr<const servers::ServedProtocols> protocols;  // of the app, by whose index ports go
  std::optional<SimulatedClient> usual_client;                // of SimulatedApp::call()
};

SimulatedApp::SimulatedApp(const daemon::App& app, const Setup& setup)
    : world_(std::make_unique<World>(app, setup)) {}
SimulatedApp::~SimulatedApp() = default;

SimulatedClient SimulatedApp::client() { return world_->client(); }

SimulatedPeer SimulatedApp::connect(std::string_view protocol) { return world_->connect(protocol); }

std::string SimulatedApp::call(std::string_view action, std::string_view value) {
  return world_->usual_client->call(action, value);
}

std::string SimulatedApp::call_binary(std::string_view action, std::string_view payload) {
  return world_->usual_client->start_binary(action, payload).wait();
}

clients::Result<clients::Reply> SimulatedApp::send(clients::Request request) {
  return world_->usual_client->start(std::move(request)).reply();
}

void SimulatedApp::serve(std::string_view address, const daemon::App& app) {
  world_->serve(world_->numbered(address), app);
}

void SimulatedApp::crash(std::string_view address) { world_->crash(world_->numbered(address)); }

void SimulatedApp::work_takes(reactor::Duration time) {
  world_->work_time = time;
  for (const auto& [address, server] : world_->serving) server->pool().set_job_time(time);
}

void SimulatedApp::split() {
  world_->world.faults.short_read = kMostly;
  world_->world.faults.short_write = kMostly;
}

void SimulatedApp::delay() { world_->world.faults.delayed_delivery = kAlways; }
void SimulatedApp::reset() { world_->world.faults.reset = kAlways; }
void SimulatedApp::calm() { world_->world.faults = {}; }

void SimulatedApp::jump(reactor::Duration duration) {
  const reactor::TimePoint end = now() + duration;
  while (world_->world.step(end)) {
  }
}

reactor::TimePoint SimulatedApp::now() const { return world_->world.now(); }
std::uint64_t SimulatedApp::hash() const { return world_->world.trace().hash(); }

}  // namespace appd::test
