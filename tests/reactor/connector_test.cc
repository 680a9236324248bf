#include "appd/reactor/connector.h"

#include <doctest/doctest.h>

#include <cerrno>
#include <functional>
#include <optional>
#include <vector>

#include "tests/support/calm_loop.h"

namespace appd::reactor {
namespace {

using namespace std::chrono_literals;
using appd::testing::CalmWorld;

struct Outcome final : ConnectorDelegate {
  void on_connected(AnyTransport transport) override {
    connected.push_back(transport.release());
    if (then) then();
  }
  void on_connect_failed(Error error) override {
    failed.push_back(std::move(error));
    if (then) then();
  }

  std::vector<std::unique_ptr<Transport>> connected;
  std::vector<Error> failed;
  std::function<void()> then;
};

// An attempt that answers as told, and counts how often it was asked.
class SlowTransport final : public Transport {
 public:
  SlowTransport(std::unique_ptr<Transport> inner, int& asked)
      : inner_(std::move(inner)), asked_(asked) {}
  Descriptor descriptor() const override { return inner_->descriptor(); }
  IoResult read(std::span<std::byte> into) override { return inner_->read(into); }
  IoResult write(std::span<const std::byte> head, std::span<const std::byte> body) override {
    return inner_->write(head, body);
  }
  IoResult shutdown_write() override { return inner_->shutdown_write(); }
  // Under way the first time, established the second.
  std::error_code connect_result() override {
    return ++asked_ == 1 ? std::make_error_code(std::errc::operation_in_progress)
                         : std::error_code();
  }
  Endpoint local_endpoint() const override { return inner_->local_endpoint(); }
  Endpoint peer_endpoint() const override { return inner_->peer_endpoint(); }

 private:
  std::unique_ptr<Transport> inner_;
  int& asked_;
};

// connect() comes to the test's own, where there is one for the port; else to the world's.
class ScriptedNetwork final : public Network {
 public:
  explicit ScriptedNetwork(CalmWorld& world) : world_(world) {}
  Result<std::unique_ptr<ListeningSocket>> listen(const Endpoint& endpoint,
                                                  const ListenOptions& options) override {
    return world_.network().listen(endpoint, options);
  }
  Result<AnyTransport> connect(const Endpoint& endpoint) override {
    if (endpoint.port() == kUnreachable) return system_failure(ENETUNREACH, "connect");
    if (endpoint.port() == kSilent) return unready();
    if (endpoint.port() == kSpurious) {
      auto pair = world_.make_pair();
      peers_.push_back(std::move(pair.server));
      return AnyTransport(std::make_unique<SlowTransport>(std::move(pair.client), asked));
    }
    return world_.network().connect(endpoint);
  }

  static constexpr std::uint16_t kUnreachable = 1;
  static constexpr std::uint16_t kSilent = 2;
  static constexpr std::uint16_t kSpurious = 3;
  int asked = 0;

 private:
  std::unique_ptr<Transport> unready() {
    auto pair = world_.make_pair(0);  // never writable
    peers_.push_back(std::move(pair.server));
    return std::move(pair.client);
  }

  CalmWorld& world_;
  std::vector<std::unique_ptr<Transport>> peers_;
};

struct ConnectorFixture {
  ConnectorFixture() {
    auto made = world.network().listen(at(80), {});
    REQUIRE(made.has_value());
    socket = std::move(*made);
    connector.emplace(loop, outcome);
  }
  static Endpoint at(std::uint16_t port) {
    Endpoint endpoint = Endpoint::any_ipv4(port);
    return endpoint;
  }
  Backend backend() {
    Backend made = world.backend();
    made.network = &network;
    return made;
  }
  void settle() { appd::testing::settle(world, loop); }
  void pass(Duration time) {
    world.pass(time);
    settle();
  }
  [[nodiscard]] std::size_t calls() const {
    return outcome.connected.size() + outcome.failed.size();
  }

  static constexpr std::uint16_t kRefused = 81;
  CalmWorld world;
  ScriptedNetwork network{world};
  EventLoop loop{backend()};
  Outcome outcome;
  std::unique_ptr<ListeningSocket> socket;
  std::optional<Connector> connector;
};

TEST_CASE_FIXTURE(ConnectorFixture, "connector: hands out the transport, not from within start()") {
  connector->start({at(80)}, 5s);
  CHECK(calls() == 0);
  settle();
  CHECK(outcome.connected.size() == 1);
  pass(1h);
  CHECK(calls() == 1);
  CHECK(loop.timers().armed_count() == 0);
}

TEST_CASE_FIXTURE(ConnectorFixture, "connector: goes on to the next endpoint that answers") {
  std::uint16_t first = 0;
  SUBCASE("refused") { first = kRefused; }
  SUBCASE("refused at once") { first = ScriptedNetwork::kUnreachable; }
  connector->start({at(first), at(80)}, 5s);
  CHECK(calls() == 0);
  settle();
  CHECK(outcome.connected.size() == 1);
  CHECK(outcome.failed.empty());
}

TEST_CASE_FIXTURE(ConnectorFixture, "connector: each attempt has its own time") {
  connector->start({at(ScriptedNetwork::kSilent), at(ScriptedNetwork::kSilent), at(80)}, 5s);
  pass(4s);
  CHECK(calls() == 0);
  pass(2s);
  CHECK(calls() == 0);
  pass(6s);
  CHECK(outcome.connected.size() == 1);
}

TEST_CASE_FIXTURE(ConnectorFixture, "connector: when nobody answers, the last error counts") {
  connector->start({at(ScriptedNetwork::kSilent), at(kRefused)}, 5s);
  pass(6s);
  REQUIRE(outcome.failed.size() == 1);
  CHECK(outcome.failed[0].code == std::errc::connection_refused);
  CHECK(outcome.failed[0].message.find(":81") != std::string::npos);
}

TEST_CASE_FIXTURE(ConnectorFixture, "connector: a time-out is an error of its own") {
  connector->start({at(ScriptedNetwork::kSilent)}, 5s);
  pass(6s);
  REQUIRE(outcome.failed.size() == 1);
  CHECK(outcome.failed[0].code == std::errc::timed_out);
}

TEST_CASE_FIXTURE(ConnectorFixture, "connector: readiness that was spurious is no failure") {
  connector->start({at(ScriptedNetwork::kSpurious)}, 5s);
  settle();
  CHECK(network.asked == 2);
  CHECK(outcome.connected.size() == 1);
}

TEST_CASE_FIXTURE(ConnectorFixture, "connector: may be destroyed in its callback") {
  outcome.then = [&] { connector.reset(); };
  SUBCASE("connected") { connector->start({at(80)}, 5s); }
  SUBCASE("refused") { connector->start({at(kRefused)}, 5s); }
  SUBCASE("refused at once") { connector->start({at(ScriptedNetwork::kUnreachable)}, 5s); }
  settle();
  CHECK(calls() == 1);
}

TEST_CASE_FIXTURE(ConnectorFixture, "connector: destroyed before, it says nothing") {
  connector->start({at(80)}, 5s);
  connector.reset();
  pass(1h);
  CHECK(calls() == 0);
}

TEST_CASE_FIXTURE(ConnectorFixture, "connector: may be started again, even under way") {
  connector->start({at(ScriptedNetwork::kSilent)}, 5s);
  settle();
  connector->start({at(80)}, 5s);
  settle();
  CHECK(outcome.connected.size() == 1);
  connector->start({at(80)}, 5s);
  settle();
  CHECK(outcome.connected.size() == 2);
}

TEST_CASE_FIXTURE(ConnectorFixture, "connector: what cannot be reached hides no other reason") {
  connector->start({at(kRefused), at(ScriptedNetwork::kUnreachable)}, 5s);
  settle();
  REQUIRE(outcome.failed.size() == 1);
  CHECK(outcome.failed[0].code == std::errc::connection_refused);
  connector->start({at(ScriptedNetwork::kUnreachable)}, 5s);
  settle();
  REQUIRE(outcome.failed.size() == 2);
  CHECK(outcome.failed[1].code == std::errc::network_unreachable);
}

}  // namespace
}  // namespace appd::reactor
