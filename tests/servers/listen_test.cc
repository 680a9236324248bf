// What a server makes of an address: a name's several, those that are not there, one port for all.
#include <doctest/doctest.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "appd/options/start_error.h"
#include "appd/reactor/endpoint.h"
#include "appd/servers/server.h"
#include "blocking_client.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/text_file.h"
#include "worker_fixture.h"

namespace appd::servers {
namespace {

using protocol::Address;
using reactor::Endpoint;
using testing::BlockingClient;
using testing::found;
using testing::make_registry;
using testing::search;

// The system's, with names of its own and addresses that cannot be listened on.
class PartialNetwork final : public reactor::Network {
 public:
  reactor::Result<std::unique_ptr<reactor::ListeningSocket>> listen(
      const Endpoint& endpoint, const reactor::ListenOptions& options) override {
    const auto lacking = errors.find(endpoint.host());
    if (lacking != errors.end() && strikes > 0) {
      --strikes;
      return reactor::system_failure(lacking->second, "listen on " + endpoint.to_string());
    }
    return reactor::posix_network().listen(endpoint, options);
  }
  reactor::Result<reactor::AnyTransport> connect(const Endpoint& endpoint) override {
    return reactor::posix_network().connect(endpoint);
  }
  reactor::Result<std::vector<Endpoint>> look_up(const std::string& /*host*/,
                                                 std::uint16_t port) override {
    std::vector<Endpoint> endpoints;
    for (const std::string& host : hosts) endpoints.push_back(Endpoint::ip(host, port).value());
    return endpoints;
  }

  std::vector<std::string> hosts;     // of every name
  std::map<std::string, int> errors;  // errno by host
  int strikes = 100;                  // so many times
};

struct ListenFixture {
  explicit ListenFixture(std::size_t threads = 2) : threads_(threads) {
    limits.max_connections = 100;
    make();
  }
  ~ListenFixture() {
    if (running.joinable()) {
      server->stop();
      running.join();
    }
  }

  void make() {
    log.emplace(logging::LogOptions{
        .level = logging::Level::kInfo, .format = logging::LogFormat::kText, .file = log_file});
    server.emplace(limits, threads_, *log, make_registry(), ServerParts{.backend = [this] {
                     return reactor::system_backend().map([this](reactor::Backend backend) {
                       backend.network = &network;
                       return backend;
                     });
                   }});
  }
  std::vector<Address> listen(std::uint16_t port = 0, const std::string& host = "name") {
    Address address;
    address.host = host;
    address.port = port;
    return server->listen(address);
  }
  std::string refusal(std::uint16_t port = 0) {
    try {
      listen(port);
    } catch (const options::StartError& error) {
      return error.what();
    }
    return "listens";
  }
  void run() {
    running = std::thread([this] { server->run(); });
  }
  // What was logged so far.
  std::string logged() {
    if (running.joinable()) {
      server->stop();
      running.join();
    }
    server.reset();
    log.reset();
    return appd::testing::read_text_file(log_file);
  }
  static bool answers(const Address& address) {
    BlockingClient client(Endpoint::ip(address.host, address.port).value());
    return client.send(search("morpheus")) && client.receive_to_end() == found();
  }

  const std::size_t threads_;
  appd::testing::TemporaryFolder folder;
  std::string log_file = folder.file("log");
  PartialNetwork network;
  Limits limits;
  std::optional<logging::Log> log;
  std::optional<Server> server;
  std::thread running;
};

TEST_CASE_FIXTURE(ListenFixture, "listen: all addresses of a name get the same port") {
  network.hosts = {"127.0.0.1", "127.0.0.2", "127.0.0.3"};
  const auto bound = listen();
  REQUIRE(bound.size() == 3);
  for (std::size_t i = 0; i < bound.size(); ++i) {
    CHECK(bound[i].host == network.hosts[i]);
    CHECK(bound[i].port == bound[0].port);
    CHECK(bound[i].port != 0);
  }
  run();
  for (const Address& address : bound) CHECK(answers(address));
  CHECK(logged().empty());
}

TEST_CASE_FIXTURE(ListenFixture, "listen: an address that is not there is left out, and told") {
  std::vector<Address> bound;
  for (const int lacking : {EADDRNOTAVAIL, EAFNOSUPPORT, EPERM, EINVAL}) {
    network.errors["127.0.0.9"] = lacking;
    network.hosts = {"127.0.0.9", "127.0.0.1"};
    if (lacking == EPERM) std::swap(network.hosts[0], network.hosts[1]);
    bound = listen();
    REQUIRE(bound.size() == 1);
    CHECK(bound[0].host == "127.0.0.1");
  }
  run();
  CHECK(answers(bound[0]));
  const std::string lines = logged();
  CHECK(std::count(lines.begin(), lines.end(), '\n') == 4);
  CHECK(lines.find(" warn an address is left out listen=app://name:0 reason=") != lines.npos);
  CHECK(lines.find("listen on 127.0.0.9:0: Cannot assign requested address") != lines.npos);
}

TEST_CASE_FIXTURE(ListenFixture, "listen: where no address works each one's reason is told") {
  network.hosts = {"127.0.0.9", "127.0.0.8"};
  network.errors = {{"127.0.0.9", EADDRNOTAVAIL}, {"127.0.0.8", EAFNOSUPPORT}};
  CHECK(refusal() ==
        "app://name:0: listen on 127.0.0.9:0: Cannot assign requested address; "
        "listen on 127.0.0.8:0: Address family not supported by protocol");
  network.hosts = {"127.0.0.9"};
  CHECK(refusal() == "listen on 127.0.0.9:0: Cannot assign requested address");
  CHECK(logged().empty());
}

TEST_CASE_FIXTURE(ListenFixture,
                  "listen: one address in use is an error, and the others are free") {
  network.hosts = {"127.0.0.1", "127.0.0.2"};
  const auto taken = reactor::posix_network().listen(Endpoint::ip("127.0.0.2", 0).value(), {});
  REQUIRE(taken.has_value());
  const std::uint16_t port = (*taken)->local_endpoint().port();
  CHECK(refusal(port) ==
        "listen on 127.0.0.2:" + std::to_string(port) + ": Address already in use");
  CHECK(reactor::posix_network().listen(Endpoint::ip("127.0.0.1", port).value(), {}).has_value());
}

TEST_CASE_FIXTURE(ListenFixture, "listen: running out of descriptors leaves nothing out") {
  network.hosts = {"127.0.0.1", "127.0.0.9"};
  network.errors["127.0.0.9"] = EMFILE;
  CHECK(refusal().starts_with("listen on 127.0.0.9:"));
}

TEST_CASE_FIXTURE(ListenFixture, "listen: for port 0 another port is tried where one is taken") {
  network.hosts = {"127.0.0.1", "127.0.0.2"};
  network.errors["127.0.0.2"] = EADDRINUSE;
  network.strikes = 3;
  const auto bound = listen();
  REQUIRE(bound.size() == 2);
  CHECK(bound[0].port == bound[1].port);
  CHECK(network.strikes == 0);
  network.strikes = 1000;  // the tries come to an end
  CHECK(refusal().ends_with("Address already in use"));
}

TEST_CASE_FIXTURE(ListenFixture, "listen: every interface is IPv4's where there is no IPv6") {
  network.errors["::"] = EAFNOSUPPORT;
  const auto bound = listen(0, "");
  REQUIRE(bound.size() == 1);
  CHECK(bound[0].host == "0.0.0.0");
  run();
  CHECK(answers({.host = "127.0.0.1", .port = bound[0].port, .path = {}}));
  CHECK(logged().empty());
}

TEST_CASE_FIXTURE(ListenFixture, "listen: every interface prints as it is asked for") {
  const auto bound = listen(0, "");
  REQUIRE(bound.size() == 1);
  if (bound[0].host != "0.0.0.0") {
    CHECK(bound[0].to_string() == "app://:" + std::to_string(bound[0].port));
  }
}

TEST_CASE_FIXTURE(ListenFixture, "listen: an IPv4 address that is mapped into IPv6 is IPv4") {
  const auto bound = listen(0, "::ffff:127.0.0.1");
  REQUIRE(bound.size() == 1);
  CHECK(bound[0].host == "127.0.0.1");
  run();
  CHECK(answers(bound[0]));
}

}  // namespace
}  // namespace appd::servers
