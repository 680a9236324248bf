#include "tests/sim/simulation.h"

#include <algorithm>
#include <span>

#include "appd/handlers/actions/builtin.h"
#include "appd/logging/log.h"
#include "appd/servers/calls/decoding_job.h"
#include "tests/sim/planted/planted_bugs.h"
#include "tests/support/streamed_frames.h"

namespace appd::testing {
namespace {

using protocol::Protocol;
using reactor::Duration;
using reactor::sim::PerMillion;
using reactor::sim::Wire;
using namespace std::chrono_literals;

constexpr std::array kProtocols{Protocol::kApp, Protocol::kMessageEcho, Protocol::kFramedEcho,
                                Protocol::kRawEcho, kStreamedFrames};
// The last one is not for clients, which know the built-in ones.
constexpr std::size_t kBuiltIn = kProtocols.size() - 1;
// A coroutine waits so long for the length of a frame, modulo 4.
constexpr Duration kStreamUnit = 3ms;
constexpr std::uint16_t kFirstPort = 7000;
// More than any world needs, by far.
constexpr std::uint64_t kMaxSteps = 3'000'000;
constexpr Duration kMaxTime = 30min;
// For what a time limit does not count: turns of others, ways through the network.
constexpr Duration kSlack = 3s;
constexpr Duration kLinger = 5s;  // ConnectionOptions
// How long a drain waits for a moment with something to do.
constexpr Duration kPatience = 2s;
constexpr std::size_t kPoolThreads = 2;

// Silent, and shared by all worlds of the process: its thread knows nothing of them.
logging::Log& silent_log() {
  static logging::Log log({.level = logging::Level::kOff, .format = {}, .file = {}});
  return log;
}

std::shared_ptr<const handlers::Registry> builtin_registry() {
  auto registry = std::make_shared<handlers::Registry>();
  handlers::add_builtin_actions(*registry, {});
  return registry;
}

}  // namespace

// SimulatedServer --------------------------------------------------------------------------------

SimulatedServer::SimulatedServer(reactor::sim::World& world, const servers::Limits& limits,
                                 std::size_t threads, std::size_t max_descriptors,
                                 std::size_t pool_queue, Spoken spoken)
    : host_(world, {.address = "10.0.0.1", .max_descriptors = max_descriptors}),
      pool_(world, kPoolThreads, pool_queue) {
  static const auto registry = builtin_registry();
  server_ = std::make_unique<servers::Server>(
      limits, threads, silent_log(), registry,
      servers::ServerParts{.backend = [&world, this]() -> reactor::Result<reactor::Backend> {
                             auto poller = std::make_unique<reactor::sim::SimPoller>(host_);
                             pollers_.push_back(poller.get());
                             return reactor::Backend{std::move(poller), &host_, &world.clock()};
                           },
                           .protocols = spoken == Spoken::kStreams
                                            ? protocols_with_streams(kStreamUnit)
                                            : servers::built_in_protocols(),
                           .pool = &pool_});
  const std::size_t served = spoken == Spoken::kStreams ? kProtocols.size() : kBuiltIn;
  for (const Protocol protocol : std::span(kProtocols).first(served)) {
    const auto where = endpoint(protocol);
    protocol::Address address;
    address.protocol = protocol;
    address.host = where.host();
    address.port = where.port();
    server_->listen(address);
  }
  for (std::size_t i = 0; i < threads; ++i) {
    actors_.push_back(
        std::make_unique<reactor::sim::LoopActor>(server_->worker(i).loop(), *pollers_[i]));
  }
  worker_drains_.resize(threads);
}

reactor::Endpoint SimulatedServer::endpoint(Protocol protocol) {
  const auto port = static_cast<std::uint16_t>(
      kFirstPort +
      (std::find(kProtocols.begin(), kProtocols.end(), protocol.name) - kProtocols.begin()));
  return reactor::Endpoint::ip("10.0.0.1", port).value();
}

void SimulatedServer::drain(std::function<void()> begun) {
  drain_begun_ = true;
  server_->drain();
  for (std::size_t i = 0; i < worker_drains_.size(); ++i) {
    (void)server_->worker(i).loop().post([this, i, begun] {
      worker_drains_[i] = true;
      const bool all =
          std::find(worker_drains_.begin(), worker_drains_.end(), false) == worker_drains_.end();
      if (all && begun) begun();
    });
  }
}

std::size_t SimulatedServer::sessions() const {
  std::size_t total = 0;
  for (std::size_t i = 0; i < worker_drains_.size(); ++i) {
    total += server_->worker(i).session_count();
  }
  return total;
}

// A worker that is drained stops its loop, which run() would then leave.
bool SimulatedServer::drained() {
  bool all = true;
  for (std::size_t i = 0; i < actors_.size(); ++i) {
    if (worker_drains_[i] && server_->worker(i).session_count() == 0) actors_[i].reset();
    all = all && !actors_[i];
  }
  return all;
}

PerMillion chance_of(reactor::sim::Random& random, PerMillion most) {
  return random.below(2) == 0 ? PerMillion{0} : static_cast<PerMillion>(random.below(most));
}

// Simulation -------------------------------------------------------------------------------------

Simulation::Simulation(std::uint64_t seed, Spoken spoken, reactor::sim::Trace::Line line)
    : spoken_(spoken), world_(seed), hooks_(world_), limits_(choose_limits()) {
  if (line) world_.trace().print_to(std::move(line));
  began_ = world_.now();
  const std::size_t threads = 1 + world_.random().below(2);
  const std::size_t descriptors = world_.random().below(6) == 0 ? 24 : 4096;
  // One job at a time may wait for the pool, or none: then large requests are refused now and then.
  const bool small_pool = world_.random().below(8) == 0;
  const std::size_t pool_queue = small_pool ? world_.random().below(2) : 1024;
  server_ =
      std::make_unique<SimulatedServer>(world_, limits_, threads, descriptors, pool_queue, spoken_);
  constexpr std::array<Duration, 4> kJobTimes{100us, 1ms, 50ms, 1500ms};
  server_->pool().set_job_time(kJobTimes[world_.random().below(kJobTimes.size())]);
  choose_faults();
  add_peers();
  add_clients();
  // With little memory a message that is not complete in its turn may be refused as well.
  if (small_pool || limits_.max_buffered < servers::Limits{}.max_buffered) {
    for (auto& peer : peers_) peer->may_be_overloaded();
    for (auto& client : clients_) client->excuse();
  }
  if (world_.random().below(4) == 0) churn_ = std::make_unique<Churn>(world_);
  const std::uint64_t latest = world_.random().below(2) == 0 ? 15'000 : 120'000;
  drain_at_ = began_ + std::chrono::milliseconds(world_.random().between(1'000, latest));
  world_.at(drain_at_, [this] { drain_when_busy(); });
}

servers::Limits Simulation::choose_limits() {
  auto& random = world_.random();
  servers::Limits limits;
  limits.max_content = random.below(3) == 0 ? 16 * 1024 * 1024 : 300'000;
  limits.max_connections = random.below(5) == 0 ? 12 : 10'000;
  constexpr std::array<std::size_t, 3> kWatermarks{16 * 1024, 64 * 1024, 1024 * 1024};
  limits.write_high_watermark = kWatermarks[random.below(kWatermarks.size())];
  if (random.below(5) == 0) limits.max_buffered = 2 * 1024 * 1024;
  if (random.below(2) == 0) limits.write_timeout = 5s;
  return limits;
}

// Each misfortune in half of the worlds, as often as the world's own luck says; those that hurt in
// fewer, so that there are worlds where everything must go well.
void Simulation::choose_faults() {
  auto& random = world_.random();
  const auto often = [&random](PerMillion most) { return chance_of(random, most); };
  auto& faults = world_.faults;
  faults.short_read = often(300'000);
  faults.short_write = often(300'000);
  faults.would_block = often(200'000);
  faults.delayed_delivery = often(100'000);
  faults.delayed_accept = often(500'000);
  faults.reordered_readiness = often(500'000);
  faults.spurious_wakeup = often(50'000);
  faults.descriptors_exhausted = often(50'000);
  faults.no_buffers = often(100'000);
  faults.half_close = often(200'000);
  if (random.below(2) == 0) return;
  faults.reset = often(3'000);
  faults.connect_refused = often(100'000);
  faults.accept_aborted = often(100'000);
  faults.allocation_refused = often(60'000);
  if (random.below(3) == 0) faults.time_jump = static_cast<PerMillion>(random.below(100));
}

void Simulation::add_peers() {
  auto& random = world_.random();
  const std::uint64_t count = 4 + random.below(14);
  const std::uint64_t attackers = random.below(3) == 0 ? 0 : 400'000;
  for (std::uint64_t i = 1; i <= count; ++i) {
    const Protocol any = kProtocols[random.below(kBuiltIn)];
    const Protocol protocol = spoken_ == Spoken::kStreams ? Protocol(kStreamedFrames) : any;
    const auto begin = world_.now() + std::chrono::milliseconds(random.below(15'000));
    auto talk = random.chance(static_cast<PerMillion>(attackers))
                    ? attack(random, protocol, i, limits_.max_content)
                    : honest_conversation(random, protocol, i, limits_.max_content);
    if (talk.honest && random.chance(world_.faults.half_close)) {
      talk.end = Conversation::End::kHalfClose;
    }
    const auto server = SimulatedServer::endpoint(talk.protocol);
    peers_.push_back(std::make_unique<ScriptedPeer>(world_, "10.1.0." + std::to_string(i), i,
                                                    server, std::move(talk), begin));
  }
}

void Simulation::add_clients() {
  auto& random = world_.random();
  const std::uint64_t count = random.below(4);
  for (std::uint64_t i = 1; i <= count; ++i) {
    ChannelClient::Plan plan;
    plan.address = "10.2.0." + std::to_string(i);
    plan.number = 100 + i;
    plan.protocol = kProtocols[random.below(kBuiltIn)];
    plan.server = SimulatedServer::endpoint(plan.protocol);
    plan.calls = 1 + random.below(10);
    plan.keep_alive = random.below(3) > 0;
    plan.pipeline_depth = 1 + random.below(4);
    plan.begin = world_.now() + std::chrono::milliseconds(random.below(15'000));
    clients_.push_back(std::make_unique<ChannelClient>(world_, std::move(plan)));
  }
}

// Best when something has arrived that nobody has read yet; but not for ever.
void Simulation::drain_when_busy() {
  const bool busy = std::any_of(peers_.begin(), peers_.end(), [](const auto& peer) {
    return !peer->done() && peer->wire() && peer->talk().honest &&
           !peer->wire()->end(Wire::kServer).received.empty();
  });
  if (busy || world_.now() > drain_at_ + kPatience) {
    begin_drain();
  } else {
    world_.after(world_.random().below(2) == 0 ? 100us : 1ms, [this] { drain_when_busy(); });
  }
}

void Simulation::begin_drain() {
  world_.note("drain", server_->sessions());
  drain_at_ = world_.now();
  // A drain believes a read that finds nothing; a system's never lies about what has arrived.
  world_.faults.would_block = 0;
  jumped_at_drain_ = world_.jumped();
  for (auto& peer : peers_) peer->note_drain(world_.now() + limits_.drain_timeout);
  for (auto& client : clients_) client->excuse();
  server_->drain([this] {
    for (auto& peer : peers_) peer->note_draining();
  });
}

SimulationResult Simulation::run() {
  for (std::uint64_t steps = 0; !all_done() && !world_.violation(); ++steps) {
    if (!world_.step()) stand_still();
    check_invariants();
    if (steps > kMaxSteps || world_.now() - began_ - world_.jumped() > kMaxTime) {
      world_.violate("the world does not come to an end");
    }
  }
  const Duration simulated = world_.now() - began_;
  if (!world_.violation()) end();
  return {world_.trace().hash(), world_.trace().events(), simulated, world_.violation()};
}

// Nobody has anything to do, now or later. That is how it ends for those who never read.
void Simulation::stand_still() {
  bool somebody = false;
  for (auto& peer : peers_) {
    if (peer->done() || peer->talk().reading != Conversation::Reading::kNever) continue;
    peer->give_up();
    somebody = true;
  }
  if (!somebody) world_.violate("the world stands still");
}

bool Simulation::all_done() const {
  const auto done = [](const auto& one) { return one->done(); };
  return server_->drain_begun() && server_->drained() && server_->pool().jobs() == 0 &&
         std::all_of(peers_.begin(), peers_.end(), done) && (!churn_ || churn_->done());
}

// Everything is given back.
void Simulation::end() {
  if (server_->host().open_descriptors() > 0) {
    world_.violate("descriptors are open behind the drain");
  }
  if (server_->server().buffered_bytes() > 0) world_.violate("memory is held behind the drain");
  clients_.clear();
  churn_.reset();
  server_.reset();
}

// Invariants -------------------------------------------------------------------------------------

void Simulation::check_invariants() {
  check_wires();
  check_memory();
  check_parsing();
  check_callbacks();
  for (const auto& peer : peers_) peer->check_lifetime();
  if (!server_->drain_begun()) {
    if (server_->server().count(servers::Counter::kConnectionLimit) == 0) return;
    for (auto& client : clients_) client->excuse();
    return;
  }
  const auto limit =
      drain_at_ + limits_.drain_timeout + kSlack + (world_.jumped() - jumped_at_drain_);
  if (!server_->drained() && world_.now() > limit) {
    world_.violate("the drain does not end within its limit");
  }
}

// No session is older than its time limits allow: a connection where nothing moves ends.
void Simulation::check_wires() {
  const Duration quiet =
      limits_.idle_timeout + 2 * limits_.write_timeout + kLinger + kSlack + world_.jumped();
  auto& wires = world_.accepted();
  std::erase_if(wires, [](const auto& wire) { return wire->end(Wire::kServer).closed; });
  for (const auto& wire : wires) {
    // A reader that takes what the kernel holds moves something, too.
    const auto last = std::max({wire->accepted_at, wire->end(Wire::kServer).last_progress,
                                wire->end(Wire::kClient).last_progress});
    if (world_.now() - last > quiet) {
      world_.violate("connection " + std::to_string(wire->serial()) +
                     " is open although nothing has moved for longer than any limit");
    }
  }
}

// What a session holds follows from what has arrived, never from what was announced (with what a
// large request is counted for while it is decoded); and all of them together keep to the budget,
// but for one message and the reserve, a read and a request that is decoded for each.
void Simulation::check_memory() {
  constexpr std::uint64_t kRead = reactor::EventLoop::kReadBufferBytes;
  const std::uint64_t held = server_->server().buffered_bytes();
  // A job may have outlived its session.
  const std::uint64_t decoded =
      server_->pool().jobs() * servers::kDecodingParts * limits_.max_content;
  std::uint64_t plausible = decoded;
  for (const auto& wire : world_.accepted()) {
    const auto& end = wire->end(Wire::kServer);
    const std::uint64_t arrived = end.read_bytes;
    plausible += 3 * std::min<std::uint64_t>(arrived, 2 * limits_.max_content) +
                 2 * (limits_.write_high_watermark + 2 * kRead);
  }
  const std::uint64_t allowed = 2 * limits_.max_buffered + 3 * limits_.max_content + decoded +
                                world_.accepted().size() * 3 * kRead;
  if (held > plausible) world_.violate("sessions hold memory for bytes that never came");
  if (held > allowed) {
    world_.violate("sessions hold " + std::to_string(held) +
                   " bytes, more than --max-buffered allows: " + std::to_string(allowed));
  }
}

// Where it is counted (planted/counters.patch): parsing a header never starts over.
void Simulation::check_parsing() {
  const auto& server = server_->server();
  std::uint64_t messages = 100 + server.count(servers::Counter::kRequests) +
                           server.count(servers::Counter::kErrorReplies) +
                           server.count(servers::Counter::kAccepted);
  for (const auto& client : clients_) messages += client->replies();
  for (const auto& peer : peers_) messages += peer->replies();
  if (headers_parsed > 4 * messages) world_.violate("headers are parsed again and again");
}

// Where it is counted: nobody hears of a connection any more that he was told is closed.
// (What is freed is overwritten; this is what happens before.)
void Simulation::check_callbacks() {
  if (late_callbacks > 0) world_.violate("a session is called behind its on_closed()");
}

namespace {

SimulationResult run_world(std::uint64_t seed, Spoken spoken, reactor::sim::Trace::Line line) {
  headers_parsed = 0;
  late_callbacks = 0;
  auto simulation = std::make_unique<Simulation>(seed, spoken, std::move(line));
  return simulation->run();
}

}  // namespace

SimulationResult simulate(std::uint64_t seed, reactor::sim::Trace::Line line) {
  return run_world(seed, Spoken::kBuiltIn, std::move(line));
}

SimulationResult simulate_streams(std::uint64_t seed, reactor::sim::Trace::Line line) {
  return run_world(seed, Spoken::kStreams, std::move(line));
}

}  // namespace appd::testing
