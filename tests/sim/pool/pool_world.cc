#include "tests/sim/pool/pool_world.h"

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "appd/clients/pool/channel_pool.h"
#include "appd/handlers/typed/typed.h"
#include "appd/reactor/sim/host.h"
#include "appd/reactor/sim/poller.h"
#include "appd/servers/worker.h"
#include "tests/sim/memory_hooks.h"

namespace appd::testing {
namespace {

using namespace std::chrono_literals;
using clients::CallPolicy;
using handlers::CallContext;
using handlers::Result;
using handlers::Task;
using reactor::sim::PerMillion;
using reactor::sim::World;

constexpr std::uint64_t kMaxPoolSteps = 400'000;
constexpr std::int64_t kCalls = 60;      // while things go wrong
constexpr std::int64_t kCalmCalls = 10;  // behind that
constexpr std::uint64_t kMaxRetries = 3;
constexpr auto kTrouble = 3'000ms;  // in which calls begin and the server goes

logging::Log& pool_log() {
  static logging::Log log({.level = logging::Level::kOff, .format = {}, .file = {}});
  return log;
}

servers::Limits server_limits(reactor::sim::Random& random) {
  servers::Limits limits;
  if (random.below(2) == 0) limits.max_pending_calls = 1 + random.below(8);
  limits.max_connections = 1000;
  limits.drain_timeout = 200ms;
  return limits;
}

// One life of the server, from its start to the end of its drain.
class ServerLife {
 public:
  ServerLife(World& world, reactor::sim::Host& host, const reactor::Endpoint& endpoint,
             std::shared_ptr<const handlers::Registry> registry)
      : shared_(server_limits(world.random()), pool_log()) {
    shared_.on_drained = [this](servers::Worker&) { drained_ = true; };
    auto poller = std::make_unique<reactor::sim::SimPoller>(host);
    reactor::sim::SimPoller& its_poller = *poller;
    worker_ = std::make_unique<servers::Worker>(
        shared_, servers::Worker::Ordinal{},
        reactor::Backend{std::move(poller), &host, &world.clock()}, std::move(registry));
    worker_->listen(protocol::Protocol::kApp, host.listen(endpoint, {}).value());
    actor_ = std::make_unique<reactor::sim::LoopActor>(worker_->loop(), its_poller);
  }
  ~ServerLife() {
    actor_.reset();
    worker_.reset();
  }
  ServerLife(const ServerLife&) = delete;
  ServerLife& operator=(const ServerLife&) = delete;

  [[nodiscard]] bool drained() const { return drained_; }
  [[nodiscard]] bool drain() {
    return worker_->loop().post([this] { worker_->drain(); });
  }

 private:
  servers::ServerShared shared_;
  bool drained_ = false;
  std::unique_ptr<servers::Worker> worker_;
  std::unique_ptr<reactor::sim::LoopActor> actor_;
};

class PoolWorld {
 public:
  PoolWorld(std::uint64_t seed, reactor::sim::Trace::Line line);
  ~PoolWorld() { world_.forget_events(); }
  PoolWorld(const PoolWorld&) = delete;
  PoolWorld& operator=(const PoolWorld&) = delete;
  [[nodiscard]] PoolResult run();

 private:
  void choose_faults();
  [[nodiscard]] reactor::Backend client_backend();
  [[nodiscard]] std::shared_ptr<const handlers::Registry> actions();
  [[nodiscard]] Task<Result<std::int64_t>> carry_out(std::int64_t call, CallContext context);
  void begin_life();
  void drain_soon();
  void post(std::function<void()> function);
  void call_soon(std::int64_t number);
  void call(std::int64_t number);
  [[nodiscard]] CallPolicy choose_policy();
  void on_told(std::int64_t number, const CallPolicy& policy, const Result<clients::Reply>& reply);
  void run_until_told(std::int64_t count);

  World world_;
  MemoryHooks hooks_;
  const protocol::Address address_ =
      protocol::parse_address("app://10.0.0.1:1", clients::kSpokenProtocols).value();
  reactor::sim::Host server_host_;
  std::unique_ptr<ServerLife> server_;
  reactor::sim::Host client_host_;
  reactor::sim::SimPoller* client_poller_ = nullptr;
  reactor::EventLoop loop_;
  reactor::sim::LoopActor client_actor_;
  clients::ChannelPool pool_;
  std::map<std::int64_t, std::unique_ptr<clients::PooledCall>> calls_;
  std::map<std::int64_t, int> carried_out_;
  bool calm_ = false;  // nothing goes wrong any more
  std::int64_t told_ = 0;
  PoolResult result_;
};

PoolWorld::PoolWorld(std::uint64_t seed, reactor::sim::Trace::Line line)
    : world_(seed),
      hooks_(world_),
      server_host_(world_, {.address = "10.0.0.1"}),
      client_host_(world_, {.address = "10.2.0.1"}),
      loop_(client_backend()),
      client_actor_(loop_, *client_poller_),
      pool_(loop_, nullptr,
            {.channels_per_server = 1 + world_.random().below(3), .retry_budget = 1'000}) {
  if (line) world_.trace().print_to(std::move(line));
  choose_faults();
  begin_life();
  for (std::int64_t number = 0; number < kCalls; ++number) call_soon(number);
  for (std::uint64_t i = world_.random().below(3); i > 0; --i) drain_soon();
}

// Each in half of the worlds.
void PoolWorld::choose_faults() {
  auto& random = world_.random();
  const auto often = [&random](PerMillion most) { return chance_of(random, most); };
  auto& faults = world_.faults;
  faults.short_read = often(300'000);
  faults.short_write = often(300'000);
  faults.delayed_delivery = often(50'000);
  faults.delayed_accept = often(200'000);
  faults.reordered_readiness = often(500'000);
  faults.reset = often(20'000);
  faults.connect_refused = often(200'000);
  faults.accept_aborted = often(100'000);
  if (random.below(3) == 0) faults.allocation_refused = often(50'000);
}

reactor::Backend PoolWorld::client_backend() {
  auto poller = std::make_unique<reactor::sim::SimPoller>(client_host_);
  client_poller_ = poller.get();
  return {std::move(poller), &client_host_, &world_.clock()};
}

// The server
// ----------------------------------------------------------------------------------------

std::shared_ptr<const handlers::Registry> PoolWorld::actions() {
  auto registry = std::make_shared<handlers::Registry>();
  registry->add(handlers::make_action("count", [this](std::int64_t call, CallContext context) {
    return carry_out(call, std::move(context));
  }));
  return registry;
}

Task<Result<std::int64_t>> PoolWorld::carry_out(std::int64_t call, CallContext context) {
  if (!calm_ && world_.random().below(10) == 0) {
    co_return protocol::fail(protocol::Status::kOverloaded, "not now");
  }
  world_.note("carry out", static_cast<std::uint64_t>(call));
  ++carried_out_[call];
  co_await context.sleep(std::chrono::milliseconds(world_.random().below(50)));
  co_return call;
}

void PoolWorld::begin_life() {
  server_ = std::make_unique<ServerLife>(
      world_, server_host_, reactor::Endpoint::ip(address_.host, address_.port).value(), actions());
}

void PoolWorld::drain_soon() {
  world_.after(world_.random_time(0ms, kTrouble), [this] {
    if (!server_) return;
    world_.note("drain");
    if (!server_->drain()) world_.violate("post() was refused");
  });
}

// The client
// ----------------------------------------------------------------------------------------

void PoolWorld::post(std::function<void()> function) {
  if (!loop_.post(std::move(function))) world_.violate("post() was refused");
}

void PoolWorld::call_soon(std::int64_t number) {
  world_.after(world_.random_time(0ms, kTrouble),
               [this, number] { post([this, number] { call(number); }); });
}

CallPolicy PoolWorld::choose_policy() {
  auto& random = world_.random();
  const auto time = calm_ ? 30'000ms : std::chrono::milliseconds(20 + random.below(3'000));
  return {.deadline = loop_.now() + time,
          .retries = static_cast<int>(random.below(kMaxRetries + 1)),
          .idempotent = random.below(2) == 0,
          .wait_for_ready = random.below(4) == 0};
}

void PoolWorld::call(std::int64_t number) {
  const CallPolicy policy = choose_policy();
  clients::Request request;
  request.content = R"({"action": "count", "value": )" + std::to_string(number) + '}';
  request.keep_alive = true;
  calls_[number] = pool_.start(address_, std::move(request), policy,
                               [this, number, policy](const Result<clients::Reply>& reply) {
                                 on_told(number, policy, reply);
                               });
  if (calm_ || world_.random().below(10) > 0) return;
  world_.after(world_.random_time(0ms, 60ms), [this, number] {
    post([this, number] { told_ += static_cast<std::int64_t>(calls_.erase(number)); });
  });
}

void PoolWorld::on_told(std::int64_t number, const CallPolicy& policy,
                        const Result<clients::Reply>& reply) {
  const auto wrong = [&](const std::string& what) {
    world_.violate("call " + std::to_string(number) + " " + what);
  };
  world_.note("told", static_cast<std::uint64_t>(number));
  ++told_;
  if (calls_.erase(number) != 1) wrong("was told twice");
  if (loop_.now() > policy.deadline + 10ms) wrong("was told behind its deadline");
  const int count = carried_out_[number];
  const int most = policy.idempotent ? 1 + policy.retries : 1;
  if (count > most) wrong("was carried out " + std::to_string(count) + " times");
  const bool succeeded = reply && !reply->is_error;
  if (succeeded && reply->result != std::to_string(number))
    wrong("got another's reply: " + reply->content);
  if (succeeded && count == 0) wrong("was answered and not carried out");
  // A small server's limits are there on calm days, too.
  const bool refused = reply && reply->status == "overloaded";
  if (calm_ && !succeeded && !refused)
    wrong("failed: " + (reply ? reply->content : reply.error().message));
  result_.answered += succeeded ? 1 : 0;
  result_.carried_again += count > 1 ? 1 : 0;
}

void PoolWorld::run_until_told(std::int64_t count) {
  for (std::uint64_t steps = 0; told_ < count && !world_.violation(); ++steps) {
    if (!world_.step()) world_.violate("the world stands still");
    if (steps > kMaxPoolSteps) world_.violate("the world does not come to an end");
    if (!server_ || !server_->drained()) continue;
    server_.reset();
    ++result_.restarts;
    world_.after(world_.random_time(0ms, 800ms), [this] { begin_life(); });
  }
}

PoolResult PoolWorld::run() {
  const auto began = world_.now();
  run_until_told(kCalls);
  world_.faults = {};
  // A connection that rests is closed by then, so that none is left which broke unseen.
  world_.after(60s, [this] {
    calm_ = true;
    for (std::int64_t number = 0; number < kCalmCalls; ++number) call_soon(kCalls + number);
  });
  run_until_told(kCalls + kCalmCalls);
  result_.simulated = world_.now() - began;
  result_.hash = world_.trace().hash();
  result_.events = world_.trace().events();
  result_.violation = world_.violation();
  return result_;
}

}  // namespace

PoolResult simulate_pool(std::uint64_t seed, reactor::sim::Trace::Line line) {
  const auto world = std::make_unique<PoolWorld>(seed, std::move(line));
  return world->run();
}

}  // namespace appd::testing
