#include "tests/sim/waiting/waiting.h"

#include <algorithm>
#include <array>
#include <memory>
#include <utility>
#include <vector>

#include "appd/reactor/sim/host.h"
#include "appd/reactor/sim/poller.h"
#include "appd/servers/worker.h"
#include "tests/sim/memory_hooks.h"
#include "tests/sim/waiting/waiting_actions.h"
#include "tests/sim/waiting/waiting_caller.h"

namespace appd::testing {
namespace {

using namespace std::chrono_literals;
using reactor::sim::PerMillion;
using servers::Counter;

constexpr std::uint64_t kMaxWaitingSteps = 500'000;
constexpr std::uint64_t kMaxCallers = 8;

logging::Log& waiting_log() {
  static logging::Log log({.level = logging::Level::kOff, .format = {}, .file = {}});
  return log;
}

class WaitingWorld {
 public:
  WaitingWorld(std::uint64_t seed, reactor::sim::Trace::Line line);
  ~WaitingWorld();
  WaitingWorld(const WaitingWorld&) = delete;
  WaitingWorld& operator=(const WaitingWorld&) = delete;
  [[nodiscard]] WaitingResult run();

 private:
  [[nodiscard]] WaitingTimes choose_times();
  [[nodiscard]] servers::Limits choose_limits();
  void choose_faults();
  void strike(Cut cut, std::uint64_t root);
  void drain();
  [[nodiscard]] bool all_done() const;
  void check_counters();

  reactor::sim::World world_;
  MemoryHooks hooks_;
  WaitingPlans plans_;
  WaitingProbe probe_;
  const reactor::Endpoint endpoint_ = reactor::Endpoint::ip("10.0.0.1", 7000).value();
  reactor::sim::Host host_;
  LaterPool pool_;
  WaitingActions actions_;
  servers::ServerShared shared_;
  bool drained_ = false;
  reactor::sim::SimPoller* poller_ = nullptr;  // the worker's
  std::unique_ptr<servers::Worker> worker_;
  std::unique_ptr<reactor::sim::LoopActor> actor_;
  std::vector<std::unique_ptr<WaitingCaller>> callers_;
};

WaitingWorld::WaitingWorld(std::uint64_t seed, reactor::sim::Trace::Line line)
    : world_(seed),
      hooks_(world_),
      plans_(world_.random(), choose_times()),
      probe_(world_, plans_),
      host_(world_, {.address = "10.0.0.1"}),
      pool_(world_, probe_, plans_.times().pool_delay, world_.random().below(10) == 0 ? 2 : 1000),
      actions_(world_, plans_, probe_, pool_),
      shared_(choose_limits(), waiting_log()) {
  if (line) world_.trace().print_to(std::move(line));
  choose_faults();
  shared_.pool = &pool_;
  shared_.make_outgoing = [this](reactor::EventLoop& loop, reactor::JobRunner*) {
    return actions_.outgoing(loop);
  };
  shared_.on_drained = [this](servers::Worker&) { drained_ = true; };
  auto poller = std::make_unique<reactor::sim::SimPoller>(host_);
  poller_ = poller.get();
  worker_ = std::make_unique<servers::Worker>(
      shared_, servers::Worker::Ordinal{},
      reactor::Backend{std::move(poller), &host_, &world_.clock()}, actions_.registry());
  worker_->listen(protocol::Protocol::kApp, host_.listen(endpoint_, {}).value());
  actor_ = std::make_unique<reactor::sim::LoopActor>(worker_->loop(), *poller_);
  probe_.strike = [this](Cut cut, std::uint64_t root) { strike(cut, root); };
  for (std::uint64_t i = 1 + world_.random().below(kMaxCallers); i > 0; --i) {
    callers_.push_back(std::make_unique<WaitingCaller>(world_, plans_, probe_, i, endpoint_,
                                                       shared_.limits.max_pending_calls));
  }
}

// Where a violation has ended it in the middle, calls still wait: in events, and in the worker.
WaitingWorld::~WaitingWorld() {
  world_.forget_events();
  actor_.reset();
  worker_.reset();
}

WaitingTimes WaitingWorld::choose_times() {
  auto& random = world_.random();
  constexpr std::array<reactor::Duration, 3> kGraces{10ms, 100ms, 1s};
  constexpr std::array<reactor::Duration, 2> kDrainTimeouts{200ms, 2s};
  constexpr std::array<reactor::Duration, 3> kPoolDelays{20ms, 300ms, 1500ms};
  return {.grace = kGraces[random.below(kGraces.size())],
          .drain_timeout = kDrainTimeouts[random.below(kDrainTimeouts.size())],
          .pool_delay = kPoolDelays[random.below(kPoolDelays.size())]};
}

servers::Limits WaitingWorld::choose_limits() {
  servers::Limits limits;
  limits.max_connections = 1000;
  limits.max_pending_calls = 1 + world_.random().below(64);
  limits.half_close_grace = plans_.times().grace;
  limits.drain_timeout = plans_.times().drain_timeout;
  return limits;
}

// As those of Simulation: each in half of the worlds, and what hurts in fewer.
void WaitingWorld::choose_faults() {
  auto& random = world_.random();
  const auto often = [&random](PerMillion most) { return chance_of(random, most); };
  auto& faults = world_.faults;
  faults.short_read = often(300'000);
  faults.short_write = often(300'000);
  faults.would_block = often(200'000);
  faults.delayed_delivery = often(50'000);
  faults.delayed_accept = often(200'000);
  faults.reordered_readiness = often(500'000);
  faults.spurious_wakeup = often(50'000);
  faults.no_buffers = often(100'000);
  if (random.below(3) > 0) return;
  faults.reset = often(20'000);
  faults.connect_refused = often(100'000);
  faults.accept_aborted = often(100'000);
  faults.allocation_refused = often(50'000);
  if (random.below(3) == 0) faults.time_jump = static_cast<PerMillion>(random.below(5'000));
}

void WaitingWorld::strike(Cut cut, std::uint64_t root) {
  if (cut == Cut::kDrain || cut == Cut::kDrainTimeout) {
    drain();
    return;
  }
  for (const auto& caller : callers_) {
    if (caller->sent(root)) caller->strike(cut);
  }
}

// A drain believes a read that finds nothing; a system's never lies about what has arrived.
void WaitingWorld::drain() {
  if (probe_.drained_at()) return;
  world_.note("drain", worker_->session_count());
  world_.faults.would_block = 0;
  probe_.drain();
  if (!worker_->loop().post([this] { worker_->drain(); })) world_.violate("post() was refused");
}

bool WaitingWorld::all_done() const {
  return std::all_of(callers_.begin(), callers_.end(),
                     [](const auto& caller) { return caller->done(); });
}

// Until nothing is to come, not even an answer that finds nobody.
WaitingResult WaitingWorld::run() {
  const auto began = world_.now();
  for (std::uint64_t steps = 0; !world_.violation() && world_.step(); ++steps) {
    if (steps > kMaxWaitingSteps) world_.violate("the world does not come to an end");
    if (all_done()) drain();
  }
  const auto& metrics = worker_->metrics();
  if (!world_.violation()) check_counters();
  WaitingResult result;
  for (const auto& caller : callers_) result.replies += caller->replies();
  result.dropped = metrics.get(Counter::kCallsDropped);
  result.late = metrics.get(Counter::kLateAnswers);
  result.simulated = world_.now() - began;
  result.hash = world_.trace().hash();
  result.events = world_.trace().events();
  result.coverage = probe_.coverage();
  result.violation = world_.violation();
  return result;
}

// Everything that began has ended, in one way.
void WaitingWorld::check_counters() {
  if (!drained_) world_.violate("the world stands still");
  const auto& metrics = worker_->metrics();
  probe_.end(metrics.get(Counter::kLateAnswers));
  const std::uint64_t begun = metrics.get(Counter::kCallsBegun);
  const std::uint64_t answered = metrics.get(Counter::kCallsAnswered);
  const std::uint64_t dropped = metrics.get(Counter::kCallsDropped);
  if (begun != answered + dropped) {
    world_.violate(std::to_string(begun) + " calls began, " + std::to_string(answered) +
                   " were answered and " + std::to_string(dropped) + " dropped");
  }
  if (begun < probe_.begun()) world_.violate("calls were not counted");
  if (worker_->session_count() > 0) world_.violate("a session is left");
}

}  // namespace

WaitingResult simulate_waiting(std::uint64_t seed, reactor::sim::Trace::Line line) {
  const auto world = std::make_unique<WaitingWorld>(seed, std::move(line));
  return world->run();
}

}  // namespace appd::testing
