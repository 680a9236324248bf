// A server with its threads, on the system's own sockets.
#include "appd/servers/server.h"

#include <doctest/doctest.h>

#include <atomic>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "appd/options/start_error.h"
#include "appd/reactor/endpoint.h"
#include "blocking_client.h"
#include "tests/support/temporary_folder.h"
#include "worker_fixture.h"

namespace appd::servers {
namespace {

using protocol::Address;
using protocol::Protocol;
using reactor::Endpoint;
using testing::BlockingClient;
using testing::found;
using testing::kCloseOk;
using testing::kKeep;
using testing::kKeepOk;
using testing::make_registry;
using testing::reply;
using testing::search;

struct ServerFixture {
  ServerFixture() { limits.max_connections = 1000; }
  ~ServerFixture() {
    if (running.joinable()) {
      server->stop();
      running.join();
    }
  }

  void make(std::size_t threads) { server.emplace(limits, threads, log, make_registry()); }
  Endpoint listen(Protocol protocol) {
    const auto bound = server->listen({.protocol = protocol, .host = "127.0.0.1", .path = {}});
    REQUIRE(bound.size() == 1);
    REQUIRE(bound[0].port != 0);
    return Endpoint::ip(bound[0].host, bound[0].port).value();
  }
  void run() {
    running = std::thread([this] { server->run(); });
  }
  void join() { running.join(); }

  Limits limits;
  logging::Log log{
      {.level = logging::Level::kOff, .format = logging::LogFormat::kText, .file = {}}};
  std::optional<Server> server;
  std::thread running;
};

TEST_CASE_FIXTURE(ServerFixture, "server: one that is started and never run ends its threads") {
  make(4);
  server->start();
  server->start();  // changes nothing
  server.reset();
}

TEST_CASE_FIXTURE(ServerFixture, "server: many clients at once, on all loops, while it changes") {
  make(4);
  const Endpoint app = listen(Protocol::kApp);
  const Endpoint raw = listen(Protocol::kRawEcho);
  run();
  constexpr int kClients = 8;
  constexpr int kRounds = 40;
  std::atomic<int> wrong = 0;
  std::vector<std::thread> clients;
  for (int i = 0; i < kClients; ++i) {
    clients.emplace_back([&] {
      const std::string expected = found(kKeepOk);
      for (int round = 0; round < kRounds; ++round) {
        BlockingClient kept(app);
        BlockingClient echo(raw);
        if (!kept.send(search("morpheus", kKeep) + search("morpheus", kKeep))) ++wrong;
        if (kept.receive(2 * expected.size()) != expected + expected) ++wrong;
        if (!echo.send("hello") || echo.receive(5) != "hello") ++wrong;
        if (!kept.send(search("morpheus")) || kept.receive_to_end() != found()) ++wrong;
      }
    });
  }
  for (int i = 0; i < 50; ++i) {
    server->set_registry(make_registry());
    CHECK(server->count(Counter::kErrorReplies) == 0);
  }
  for (auto& client : clients) client.join();
  CHECK(wrong == 0);
  CHECK(server->count(Counter::kRequests) == kClients * kRounds * 3);
  CHECK(server->count(Counter::kAccepted) == kClients * kRounds * 2);
  server->drain();
  join();
  CHECK(server->count(Counter::kClosed) == kClients * kRounds * 2);
}

TEST_CASE_FIXTURE(ServerFixture, "server: a limit of connections holds over all its loops") {
  limits.max_connections = 2;
  make(3);
  const Endpoint app = listen(Protocol::kApp);
  run();
  std::atomic<int> wrong = 0;
  std::vector<std::thread> clients;
  for (int i = 0; i < 6; ++i) {
    clients.emplace_back([&] {
      for (int round = 0; round < 20; ++round) {
        BlockingClient client(app);
        if (!client.send(search("morpheus")) || client.receive_to_end() != found()) ++wrong;
      }
    });
  }
  for (auto& client : clients) client.join();  // nobody is forgotten in a backlog
  CHECK(wrong == 0);
}

TEST_CASE_FIXTURE(ServerFixture, "server: drain answers what has arrived and lets run() return") {
  make(2);
  const Endpoint app = listen(Protocol::kApp);
  std::vector<BlockingClient> clients;
  for (int i = 0; i < 10; ++i) {
    clients.emplace_back(app);
    CHECK(clients.back().send(search("morpheus", kKeep)));
  }
  server->drain();  // before it even runs
  run();
  for (auto& client : clients) {  // one may be answered before its loop hears of the drain
    const std::string received = client.receive_to_end();
    CHECK((received == found(kCloseOk) || received == found(kKeepOk)));
  }
  clients.clear();
  join();
  CHECK(server->count(Counter::kCut) == 0);
}

TEST_CASE_FIXTURE(ServerFixture, "server: stop ends it, whoever is connected") {
  make(2);
  const Endpoint app = listen(Protocol::kApp);
  run();
  BlockingClient client(app);
  CHECK(client.send(search("morpheus", kKeep)));
  CHECK(client.receive(found(kKeepOk).size()) == found(kKeepOk));
  server->stop();
  server->stop();
  join();
  CHECK(client.receive_to_end().empty());
}

TEST_CASE_FIXTURE(ServerFixture, "server: serves a path as well as a port") {
  const appd::testing::TemporaryFolder folder;
  const std::string path = folder.file("app.sock");
  make(2);
  server->listen({.protocol = Protocol::kApp,
                  .transport = protocol::TransportKind::kUnix,
                  .host = {},
                  .path = path});
  run();
  BlockingClient client(Endpoint::unix_path(path).value());
  CHECK(client.connected());
  CHECK(client.send(search("morpheus")));
  CHECK(client.receive_to_end() == found());
}

TEST_CASE_FIXTURE(ServerFixture, "server: every interface takes IPv4, too") {
  make(1);
  const auto bound = server->listen({.protocol = Protocol::kApp, .host = {}, .path = {}});
  REQUIRE(bound.size() == 1);
  run();
  BlockingClient client(Endpoint::ip("127.0.0.1", bound[0].port).value());
  CHECK(client.send(search("morpheus")));
  CHECK(client.receive_to_end() == found());
}

TEST_CASE_FIXTURE(ServerFixture, "server: a port in use is one clear line") {
  make(2);
  const Endpoint app = listen(Protocol::kApp);
  Server other(limits, 2, log, make_registry());
  const Address taken{
      .protocol = Protocol::kApp, .host = "127.0.0.1", .port = app.port(), .path = {}};
  CHECK_THROWS_AS(other.listen(taken), options::StartError);
}

}  // namespace
}  // namespace appd::servers
