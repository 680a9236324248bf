// One simulated world from its seed: a server of every protocol, honest clients, attackers, and the
// misfortunes that the seed chooses; then the invariants, in every step.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "appd/reactor/sim/poller.h"
#include "appd/servers/server.h"
#include "appd/testkit/simulated_pool.h"
#include "tests/sim/channel_client.h"
#include "tests/sim/churn.h"
#include "tests/sim/memory_hooks.h"
#include "tests/sim/scripted_peer.h"

namespace appd::testing {

struct SimulationResult {
  std::uint64_t hash = 0;
  std::uint64_t events = 0;
  reactor::Duration simulated{};
  std::optional<std::string> violation;
};

// How often a misfortune of a world happens: in half of the worlds never, else less than `most`.
[[nodiscard]] reactor::sim::PerMillion chance_of(reactor::sim::Random& random,
                                                 reactor::sim::PerMillion most);

// What the peers of a world speak.
enum class Spoken : std::uint8_t {
  kBuiltIn,  // the built-in protocols
  kStreams,  // a protocol as a coroutine (tests/support/streamed_frames.h)
};

// A server in a world, driven turn by turn. What a test adds to it is its own.
class SimulatedServer {
 public:
  // `pool_queue`: jobs that may wait for the pool. Serves the built-in protocols, and what else is
  // `spoken`.
  SimulatedServer(reactor::sim::World& world, const servers::Limits& limits, std::size_t threads,
                  std::size_t max_descriptors, std::size_t pool_queue = 1024,
                  Spoken spoken = Spoken::kBuiltIn);

  [[nodiscard]] servers::Server& server() { return *server_; }
  [[nodiscard]] reactor::sim::Host& host() { return host_; }
  [[nodiscard]] test::SimulatedPool& pool() { return pool_; }
  // Where `protocol` is served.
  [[nodiscard]] static reactor::Endpoint endpoint(protocol::Protocol protocol);
  // Tells it to drain, as SIGTERM does; `begun` is called when all loops know.
  void drain(std::function<void()> begun = {});
  [[nodiscard]] bool drain_begun() const { return drain_begun_; }
  [[nodiscard]] std::size_t sessions() const;
  // Whether all workers have ended; their loops take no turns any more.
  [[nodiscard]] bool drained();

 private:
  reactor::sim::Host host_;
  test::SimulatedPool pool_;
  std::vector<reactor::sim::SimPoller*> pollers_;  // the loops'
  std::unique_ptr<servers::Server> server_;
  std::vector<std::unique_ptr<reactor::sim::LoopActor>> actors_;
  std::vector<bool> worker_drains_;
  bool drain_begun_ = false;
};

class Simulation {
 public:
  // `line`: gets the trace; may be empty.
  Simulation(std::uint64_t seed, Spoken spoken, reactor::sim::Trace::Line line);

  [[nodiscard]] SimulationResult run();

 private:
  [[nodiscard]] servers::Limits choose_limits();
  void choose_faults();
  void add_peers();
  void add_clients();
  void drain_when_busy();
  void begin_drain();
  void check_invariants();
  void check_wires();
  void check_memory();
  void check_parsing();
  void check_callbacks();
  [[nodiscard]] bool all_done() const;
  void stand_still();
  void end();

  const Spoken spoken_;
  reactor::sim::World world_;
  MemoryHooks hooks_;
  servers::Limits limits_;
  std::unique_ptr<SimulatedServer> server_;
  std::vector<std::unique_ptr<ScriptedPeer>> peers_;
  std::vector<std::unique_ptr<ChannelClient>> clients_;
  std::unique_ptr<Churn> churn_;
  reactor::TimePoint began_{};
  reactor::TimePoint drain_at_{};
  reactor::Duration jumped_at_drain_{};
};

[[nodiscard]] SimulationResult simulate(std::uint64_t seed, reactor::sim::Trace::Line line = {});
[[nodiscard]] SimulationResult simulate_streams(std::uint64_t seed,
                                                reactor::sim::Trace::Line line = {});

}  // namespace appd::testing
