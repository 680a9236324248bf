// A simulated world in which servers call each other and themselves while connections break.
#include <appd/test.h>
#include <doctest/doctest.h>

#include "appd/clients/channel.h"
#include "appd/testkit/simulated_server.h"

namespace appd::testing {
namespace {

using namespace std::chrono_literals;
using reactor::sim::World;

constexpr std::uint64_t kMaxSteps = 400'000;
constexpr int kCallers = 4;
constexpr std::int64_t kCalls = 25;

Address address_of(const char* text) { return parse_address(text).value(); }

Task<Result<std::int64_t>> slow(std::int64_t value, CallContext call) {
  co_await call.sleep(std::chrono::milliseconds(value % 200));
  if (value % 7 == 0) co_return fail(Status::kOutOfRange, "seven");
  co_return value;
}

Task<Result<std::int64_t>> ask(Address server, CallRequest request, CallContext call) {
  const auto answer = co_await call.call(server, std::move(request));
  if (!answer) co_return tl::unexpected(answer.error());
  co_return *answer->result()->integer();
}

// relay: by the far server. bounce: from server to server, some times there and back.
App app_of(const char* other) {
  const Address there = address_of(other);
  App app;
  app.on("slow", slow);
  app.on("relay", [there](std::int64_t value, CallContext call) {
    return ask(there, CallRequest("slow", std::to_string(value)), std::move(call));
  });
  app.on("bounce", [there](std::int64_t value, CallContext call) {
    const bool again = value % 5 != 0;
    CallRequest request(again ? "bounce" : "slow", std::to_string(again ? value - 1 : value));
    return ask(there, std::move(request), std::move(call));
  });
  return app;
}

// One call after the other, some with a deadline; what comes back is compared with arithmetic.
class Caller final : private clients::ChannelDelegate {
 public:
  Caller(World& world, int number, const Address& server)
      : world_(world),
        number_(number),
        host_(world, {.address = "10.2.0." + std::to_string(number)}),
        loop_(backend()),
        actor_(loop_, *poller_),
        channel_(loop_, context_, {reactor::Endpoint::ip(server.host, server.port).value()},
                 {.session = {.pipeline_depth = 8}, .server = "the server"},
                 static_cast<clients::ChannelDelegate&>(*this)) {
    later();
  }
  ~Caller() { channel_.close(); }
  [[nodiscard]] bool done() const { return calls_ >= kCalls; }
  [[nodiscard]] int answered() const { return answered_; }
  // Once done().
  void call_again(std::int64_t count) {
    calls_ -= count;
    later();
  }
  // The last call found everybody there.
  [[nodiscard]] bool served() const { return served_; }

 private:
  reactor::Backend backend() {
    auto poller = std::make_unique<reactor::sim::SimPoller>(host_);
    poller_ = poller.get();
    return {std::move(poller), &host_, &world_.clock()};
  }
  void later() {
    if (done()) return;
    world_.after(std::chrono::milliseconds(world_.random().below(300)), [this] {
      if (!loop_.post([this] { submit(); })) world_.violate("post() was refused");
    });
  }
  void submit() {
    value_ = number_ * 1000 + calls_;
    const bool relay = world_.random().below(2) == 0;
    expected_ = relay ? value_ : value_ / 5 * 5;
    clients::Request request;
    request.keep_alive = true;
    if (world_.random().below(3) == 0) {
      request.deadline = std::chrono::milliseconds(1 + world_.random().below(400));
    }
    request.content = std::string(R"({"action": ")") + (relay ? "relay" : "bounce") +
                      R"(", "value": )" + std::to_string(value_) + '}';
    channel_.submit(clients::encode_request(request, protocol::Protocol::kApp).value());
  }
  void on_reply(clients::Reply reply) override {
    const std::string status = reply.status.value_or("none");
    const bool right = status == "ok" ? reply.result == std::to_string(expected_)
                       : status == "out_of_range"
                           ? expected_ % 7 == 0
                           : status == "unavailable" || status == "deadline_exceeded";
    if (!right) world_.violate("call " + std::to_string(value_) + ": " + reply.content);
    if (status == "ok") ++answered_;
    served_ = status != "unavailable";
    ++calls_;
    later();
  }
  void on_failed(clients::Error error, std::size_t /*sent*/) override {
    if (host_.misfortunes() == 0) world_.violate(error.message);
    served_ = false;
    ++calls_;
    later();
  }

  World& world_;
  const int number_;
  reactor::sim::Host host_;
  reactor::sim::SimPoller* poller_ = nullptr;
  clients::SessionContext context_{1 << 20};
  reactor::EventLoop loop_;
  reactor::sim::LoopActor actor_;
  clients::Channel channel_;
  std::int64_t calls_ = 0;
  std::int64_t value_ = 0;
  std::int64_t expected_ = 0;
  int answered_ = 0;
  bool served_ = false;
};

struct Outcome {
  int answered = 0;
  std::optional<std::string> violation;
};

Outcome simulate(std::uint64_t seed) {
  World world(seed);
  world.name_host("near", "10.0.0.1");
  world.name_host("far", "10.0.0.2");
  world.faults.short_read = 100'000;
  world.faults.short_write = 100'000;
  world.faults.reordered_readiness = 300'000;
  world.faults.delayed_delivery = 20'000;
  world.faults.reset = seed % 2 == 0 ? 3'000 : 0;
  world.faults.connect_refused = seed % 2 == 0 ? 20'000 : 0;
  test::SimulatedServer near(world, address_of("app://10.0.0.1:1"), app_of("app://far:1"), {});
  test::SimulatedServer far(world, address_of("app://10.0.0.2:1"), app_of("app://near:1"), {});
  std::vector<std::unique_ptr<Caller>> callers;
  for (int i = 1; i <= kCallers; ++i) {
    callers.push_back(std::make_unique<Caller>(world, i, address_of("app://10.0.0.1:1")));
  }
  const auto run = [&] {
    for (std::uint64_t steps = 0; !world.violation() && world.step(); ++steps) {
      if (steps > kMaxSteps) world.violate("the world does not come to an end");
      if (std::all_of(callers.begin(), callers.end(), [](const auto& one) { return one->done(); }))
        return;
    }
  };
  run();
  // Whatever has happened, nothing is left of it.
  world.faults = {};
  for (const auto& caller : callers) caller->call_again(3);
  run();
  for (const auto& caller : callers) {
    if (!caller->served()) world.violate("a call is not served although all is calm");
  }
  Outcome outcome;
  for (const auto& caller : callers) outcome.answered += caller->answered();
  outcome.violation = world.violation();
  return outcome;
}

TEST_CASE("outgoing: servers that call each other answer right, whatever breaks on the way") {
  int answered = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    CAPTURE(seed);
    const Outcome outcome = simulate(seed);
    CHECK(outcome.violation.value_or("") == "");
    answered += outcome.answered;
  }
  CHECK(answered > 60 * kCallers * kCalls / 2);
}

TEST_CASE("outgoing: equal seeds give equal worlds") {
  CHECK(simulate(4).answered == simulate(4).answered);
}

}  // namespace
}  // namespace appd::testing
