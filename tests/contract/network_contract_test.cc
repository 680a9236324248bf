// The contract of reactor/network.h.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <fstream>
#include <thread>

#include "tested_backends.h"
#include "tests/support/temporary_folder.h"

namespace appd::testing {
namespace {

using reactor::AcceptOutcome;
using reactor::Endpoint;
using reactor::Interest;
using reactor::ListenOptions;
using reactor::OwnedFd;

Endpoint unix_endpoint(const std::string& path) { return Endpoint::unix_path(path).value(); }

bool is_socket(const std::string& path) {
  struct stat found {};
  return ::lstat(path.c_str(), &found) == 0 && S_ISSOCK(found.st_mode);
}

// What a process leaves behind that dies without a chance to clean up.
void leave_stale_socket(const std::string& path) {
  const Endpoint endpoint = unix_endpoint(path);
  const OwnedFd socket(::socket(AF_UNIX, SOCK_STREAM, 0));
  REQUIRE(::bind(socket.get(), endpoint.address(), endpoint.length()) == 0);
  REQUIRE(::listen(socket.get(), 1) == 0);
}

int int_option(reactor::Descriptor fd, int level, int name) {
  int value = -1;
  socklen_t length = sizeof value;
  REQUIRE(::getsockopt(fd, level, name, &value, &length) == 0);
  return value;
}

std::error_code outcome_of_connect(PollerFixture& c, const Endpoint& endpoint) {
  const auto client = c.connect(endpoint);
  c.until_ready(client->descriptor(), Interest::kWrite);
  return client->connect_result();
}

// A machine without IPv6 cannot show what this claims.
bool has_ipv6(PollerFixture& c) {
  const bool has = c.network().listen(Endpoint::ip("::1", 0).value(), {}).has_value();
  if (!has) MESSAGE("no IPv6 on this machine: not tested");
  return has;
}

CONTRACT_CASE("network: port 0 becomes a port, another one each time") {
  Contract<Tested> c;
  const auto first = c.listen();
  const auto second = c.listen();
  CHECK(first->local_endpoint().host() == "127.0.0.1");
  CHECK(first->local_endpoint().port() != 0);
  CHECK(first->local_endpoint().port() != second->local_endpoint().port());
}

CONTRACT_CASE("network: with nobody there accept would block") {
  Contract<Tested> c;
  const auto listener = c.listen();
  const auto result = listener->accept();
  CHECK(result.outcome == AcceptOutcome::kWouldBlock);
  CHECK(result.transport == nullptr);
}

CONTRACT_CASE("network: accept takes one connection a call, in the order of their coming") {
  Contract<Tested> c;
  const auto listener = c.listen();
  const auto first = c.connect(listener->local_endpoint());
  c.until_ready(first->descriptor(), Interest::kWrite);
  const auto second = c.connect(listener->local_endpoint());
  c.until_ready(second->descriptor(), Interest::kWrite);
  CHECK(c.accept(*listener)->peer_endpoint() == first->local_endpoint());
  CHECK(c.accept(*listener)->peer_endpoint() == second->local_endpoint());
  CHECK(listener->accept().outcome == AcceptOutcome::kWouldBlock);
}

CONTRACT_CASE("network: what was sent before the accept is there behind it") {
  Contract<Tested> c;
  const auto listener = c.listen();
  const auto client = c.connect(listener->local_endpoint());
  c.until_ready(client->descriptor(), Interest::kWrite);
  c.write_all(*client, "early");
  const auto server = c.accept(*listener);
  CHECK(c.read_exactly(*server, 5) == "early");
}

CONTRACT_CASE("network: an address in use is an error that names it") {
  Contract<Tested> c;
  const auto listener = c.listen();
  const auto again = c.network().listen(listener->local_endpoint(), {});
  REQUIRE_FALSE(again.has_value());
  CHECK(again.error().code == std::errc::address_in_use);
  CHECK(again.error().message ==
        "listen on " + listener->local_endpoint().to_string() + ": Address already in use");
}

CONTRACT_CASE("network: sockets with reuse_port that join a group share its port") {
  Contract<Tested> c;
  const auto first = c.listen(loopback(), {.reuse_port = true});
  const Endpoint endpoint = first->local_endpoint();
  const auto second = c.listen(endpoint, {.reuse_port = true, .joins_group = true});
  CHECK(second->local_endpoint() == endpoint);
}

CONTRACT_CASE("network: a port with reuse_port is in use for those that do not join") {
  Contract<Tested> c;
  const auto first = c.listen(loopback(), {.reuse_port = true});
  const Endpoint endpoint = first->local_endpoint();
  for (const bool reuse_port : {false, true}) {
    const auto other = c.network().listen(endpoint, {.reuse_port = reuse_port});
    REQUIRE_FALSE(other.has_value());
    CHECK(other.error().code == std::errc::address_in_use);
  }
}

CONTRACT_CASE("network: a port can be listened on again at once, whoever closed first") {
  Contract<Tested> c;
  auto listener = c.listen();
  const Endpoint endpoint = listener->local_endpoint();
  auto [client, server] = c.pair(*listener);
  server.reset();  // leaves this end in TIME_WAIT
  CHECK(c.read_all(*client).empty());
  client.reset();
  listener.reset();
  CHECK(c.network().listen(endpoint, {}).has_value());
}

CONTRACT_CASE("network: a connect to a port where nobody listens is refused") {
  Contract<Tested> c;
  const Endpoint nobody = c.listen()->local_endpoint();
  CHECK(c.is_refusal(outcome_of_connect(c, nobody)));
}

CONTRACT_CASE("network: a connect to a Unix path without a server fails at once") {
  Contract<Tested> c;
  const TemporaryFolder folder;
  const std::string path = folder.file("nobody");
  const auto client = c.network().connect(unix_endpoint(path));
  REQUIRE_FALSE(client.has_value());
  CHECK(client.error().code == std::errc::no_such_file_or_directory);
  CHECK(client.error().message == "connect to " + path + ": No such file or directory");
}

CONTRACT_CASE("network: the connections of a closed listener that nobody accepted are reset") {
  Contract<Tested> c;
  auto listener = c.listen();
  const auto client = c.connect(listener->local_endpoint());
  c.until_ready(client->descriptor(), Interest::kWrite);
  listener.reset();
  std::array<std::byte, 1> room;
  CHECK(c.read_when_ready(*client, room).error == std::errc::connection_reset);
}

CONTRACT_CASE("network: a dual-stack socket takes IPv4, and names the peer by it") {
  Contract<Tested> c;
  if (!has_ipv6(c)) return;
  const auto listener = c.listen(Endpoint::any_ipv6(0), {.dual_stack = true});
  const auto port = listener->local_endpoint().port();
  const auto v4 = c.connect(loopback(port));
  CHECK(c.accept(*listener)->peer_endpoint().host() == "127.0.0.1");
  const auto v6 = c.connect(Endpoint::ip("::1", port).value());
  CHECK(c.accept(*listener)->peer_endpoint().host() == "::1");
}

CONTRACT_CASE("network: an IPv6 socket that is not dual-stack leaves IPv4 to others") {
  Contract<Tested> c;
  if (!has_ipv6(c)) return;
  const auto v6 = c.listen(Endpoint::any_ipv6(0), {.dual_stack = false});
  const auto port = v6->local_endpoint().port();
  CHECK(c.is_refusal(outcome_of_connect(c, loopback(port))));
  CHECK(c.network().listen(Endpoint::any_ipv4(port), {}).has_value());
}

CONTRACT_CASE("network: a Unix path that somebody serves is in use, and stays served") {
  Contract<Tested> c;
  const TemporaryFolder folder;
  const std::string path = folder.file("socket");
  const auto listener = c.listen(unix_endpoint(path));
  const auto again = c.network().listen(unix_endpoint(path), {});
  REQUIRE_FALSE(again.has_value());
  CHECK(again.error().code == std::errc::address_in_use);
  CHECK(again.error().message == "listen on " + path + ": Address already in use");
  // The look whether somebody is there may have left a connection; it is at its end.
  const auto client = c.connect(unix_endpoint(path));
  c.write_all(*client, "hello");
  auto server = c.accept(*listener);
  if (Tested::kIsSystem) {
    CHECK(c.read_all(*server).empty());
    server = c.accept(*listener);
  }
  CHECK(c.read_exactly(*server, 5) == "hello");
}

CONTRACT_CASE("network: a Unix path is free again behind its listener") {
  Contract<Tested> c;
  const TemporaryFolder folder;
  const Endpoint endpoint = unix_endpoint(folder.file("socket"));
  for (int i = 0; i < 2; ++i) CHECK(c.network().listen(endpoint, {}).has_value());
}

// From here on: what only a system has.

CONTRACT_CASE("network: accepted and connected sockets are non-blocking, without Nagle's delay") {
  if constexpr (Tested::kIsSystem) {
    Contract<Tested> c;
    auto [client, server] = c.pair();
    for (const auto& end : {client.get(), server.get()}) {
      const auto fd = end->descriptor();
      CHECK((::fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
      CHECK((::fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
      CHECK(int_option(fd, IPPROTO_TCP, TCP_NODELAY) != 0);
    }
  }
}

CONTRACT_CASE("network: a listening socket is non-blocking and closed on exec") {
  if constexpr (Tested::kIsSystem) {
    Contract<Tested> c;
    const auto listener = c.listen();
    CHECK((::fcntl(listener->descriptor(), F_GETFL) & O_NONBLOCK) != 0);
    CHECK((::fcntl(listener->descriptor(), F_GETFD) & FD_CLOEXEC) != 0);
    CHECK(int_option(listener->descriptor(), SOL_SOCKET, SO_REUSEADDR) != 0);
  }
}

CONTRACT_CASE("network: without descriptors accept is exhausted, and goes on afterwards") {
  Contract<Tested> c;
  const auto listener = c.listen();
  const auto client = c.connect(listener->local_endpoint());
  c.until_ready(listener->descriptor(), Interest::kRead);
  reactor::AcceptResult result;
  if constexpr (Tested::kIsSystem) {
    rlimit before{};
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
    const OwnedFd lowest_free(::dup(0));
    const rlimit none{.rlim_cur = static_cast<rlim_t>(lowest_free.get()),
                      .rlim_max = before.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
    result = listener->accept();
    const auto refused = c.network().connect(listener->local_endpoint());
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().code == std::errc::too_many_files_open);
  } else {
    result = c.accept_exhausted(*listener);
  }
  CHECK(result.outcome == AcceptOutcome::kExhausted);
  CHECK(result.error == std::errc::too_many_files_open);
  CHECK(result.transport == nullptr);
  CHECK(c.accept(*listener) != nullptr);
}

CONTRACT_CASE("network: a connect that is under way has no result yet") {
  if constexpr (!Tested::kHasLatency) {
    Contract<Tested> c;
    const auto listener = c.listen(loopback(), {.backlog = 1});
    // Those that find no room in the backlog wait.
    std::vector<std::unique_ptr<reactor::Transport>> clients;
    for (int i = 0; i < 8; ++i) clients.push_back(c.connect(listener->local_endpoint()));
    c.until_ready(clients.front()->descriptor(), Interest::kWrite);
    CHECK_FALSE(clients.front()->connect_result());
    CHECK(clients.back()->connect_result() == std::errc::operation_in_progress);
  } else {
    Contract<Tested> c;
    const auto listener = c.listen();
    const auto client = c.connect(listener->local_endpoint());
    CHECK(client->connect_result() == std::errc::operation_in_progress);
    c.until_ready(client->descriptor(), Interest::kWrite);
    CHECK_FALSE(client->connect_result());
  }
}

CONTRACT_CASE("network: a Unix path is a socket file for as long as its listener lives") {
  if constexpr (Tested::kIsSystem) {
    Contract<Tested> c;
    const TemporaryFolder folder;
    const std::string path = folder.file("socket");
    auto listener = c.listen(unix_endpoint(path));
    CHECK(is_socket(path));
    listener.reset();
    CHECK(::access(path.c_str(), F_OK) != 0);
  }
}

CONTRACT_CASE("network: a Unix path that a dead process left behind is replaced") {
  if constexpr (Tested::kIsSystem) {
    Contract<Tested> c;
    const TemporaryFolder folder;
    const std::string path = folder.file("socket");
    leave_stale_socket(path);
    REQUIRE(is_socket(path));
    auto [client, server] = c.pair(unix_endpoint(path));
    c.write_all(*client, "alive");
    CHECK(c.read_exactly(*server, 5) == "alive");
  }
}

CONTRACT_CASE("network: a file that is no socket is never replaced") {
  if constexpr (Tested::kIsSystem) {
    Contract<Tested> c;
    const TemporaryFolder folder;
    const std::string path = folder.file("precious");
    std::ofstream(path) << "content";
    const auto listener = c.network().listen(unix_endpoint(path), {});
    REQUIRE_FALSE(listener.has_value());
    CHECK(listener.error().code == std::errc::address_in_use);
    std::string content;
    std::ifstream(path) >> content;
    CHECK(content == "content");
  }
}

CONTRACT_CASE("network: a symbolic link to a stale socket is never replaced") {
  if constexpr (Tested::kIsSystem) {
    Contract<Tested> c;
    const TemporaryFolder folder;
    leave_stale_socket(folder.file("socket"));
    REQUIRE(::symlink("socket", folder.file("link").c_str()) == 0);
    CHECK_FALSE(c.network().listen(unix_endpoint(folder.file("link")), {}).has_value());
    CHECK(is_socket(folder.file("socket")));
  }
}

CONTRACT_CASE("network: a successor's file of the same path is not removed") {
  if constexpr (Tested::kIsSystem) {
    Contract<Tested> c;
    const TemporaryFolder folder;
    const std::string path = folder.file("socket");
    auto first = c.listen(unix_endpoint(path));
    REQUIRE(::unlink(path.c_str()) == 0);
    const auto second = c.listen(unix_endpoint(path));
    first.reset();
    CHECK(is_socket(path));
    CHECK(c.network().connect(unix_endpoint(path)).has_value());
  }
}

CONTRACT_CASE("network: a Unix path has the permissions it was asked for, whatever the umask") {
  if constexpr (Tested::kIsSystem) {
    Contract<Tested> c;
    const TemporaryFolder folder;
    const std::string path = folder.file("socket");
    for (const mode_t mask : {0000U, 0022U, 0077U, 0777U}) {
      for (const unsigned mode : {0660U, 0600U, 0777U, 0U}) {
        const mode_t before = ::umask(mask);
        const auto listener = c.network().listen(unix_endpoint(path), {.mode = mode});
        ::umask(before);
        REQUIRE(listener.has_value());
        struct stat found {};
        REQUIRE(::lstat(path.c_str(), &found) == 0);
        CHECK((found.st_mode & 07777U) == mode);
      }
    }
  }
}

CONTRACT_CASE("network: a socket that TCP connected with itself has found nobody") {
  if constexpr (Tested::kIsSystem) {
    for (const char* host : {"127.0.0.1", "::1"}) {
      Contract<Tested> c;
      Endpoint own = Endpoint::ip(host, 0).value();
      if (own.family() == AF_INET6 && !has_ipv6(c)) continue;
      OwnedFd socket(::socket(own.family(), SOCK_STREAM, 0));
      REQUIRE(::bind(socket.get(), own.address(), own.length()) == 0);
      sockaddr_storage storage{};
      socklen_t length = sizeof storage;
      REQUIRE(::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&storage), &length) == 0);
      own = Endpoint(reinterpret_cast<const sockaddr*>(&storage), length);
      REQUIRE(::connect(socket.get(), own.address(), own.length()) == 0);
      auto transport = std::make_unique<reactor::SocketTransport>(std::move(socket));
      CHECK(transport->connect_result() == std::errc::connection_refused);
      transport.reset();
      // The port is free at once, also for one that does not ask for SO_REUSEADDR.
      const OwnedFd other(::socket(own.family(), SOCK_STREAM, 0));
      CHECK(::bind(other.get(), own.address(), own.length()) == 0);
    }
  }
}

CONTRACT_CASE("network: a backlog that is full takes no more") {
  Contract<Tested> c;
  const TemporaryFolder folder;
  const Endpoint endpoint = unix_endpoint(folder.file("socket"));
  const auto listener = c.network().listen(endpoint, {.backlog = 1});
  REQUIRE(listener.has_value());
  std::vector<std::unique_ptr<reactor::Transport>> clients;
  for (int i = 0; i < 8; ++i) {
    auto client = c.network().connect(endpoint);
    if (client) clients.push_back(client->release());
  }
  // Linux keeps one more than was asked for.
  if (Tested::kIsSystem) CHECK((clients.size() == 1 || clients.size() == 2));
}

CONTRACT_CASE("network: a link-local address without its interface says what is missing") {
  if constexpr (Tested::kIsSystem) {
    Contract<Tested> c;
    if (!has_ipv6(c)) return;
    const Endpoint endpoint = Endpoint::ip("fe80::1", 7).value();
    const std::string reason = "a link-local address needs its interface, as in [fe80::1%eth0]";
    CHECK(c.network().listen(endpoint, {}).error().message == "listen on [fe80::1]:7: " + reason);
    CHECK(c.network().connect(endpoint).error().message == "connect to [fe80::1]:7: " + reason);
  }
}

CONTRACT_CASE("network: a Unix path in a folder that is not there is an error") {
  if constexpr (Tested::kIsSystem) {
    Contract<Tested> c;
    const TemporaryFolder folder;
    const auto listener = c.network().listen(unix_endpoint(folder.file("none/socket")), {});
    REQUIRE_FALSE(listener.has_value());
    CHECK(listener.error().code == std::errc::no_such_file_or_directory);
  }
}

CONTRACT_CASE("network: of many that replace a stale path at once, one gets it") {
  if constexpr (Tested::kIsSystem) {
    Contract<Tested> c;
    const TemporaryFolder folder;
    for (int round = 0; round < 20; ++round) {
      const std::string path = folder.file("socket" + std::to_string(round));
      leave_stale_socket(path);
      std::atomic<int> ready = 0;
      std::array<std::unique_ptr<reactor::ListeningSocket>, 4> listeners;
      std::vector<std::thread> starters;
      for (auto& mine : listeners) {
        starters.emplace_back([&] {
          for (++ready; ready < 4;) std::this_thread::yield();
          if (auto listener = c.network().listen(unix_endpoint(path), {})) {
            mine = std::move(*listener);
          }
        });
      }
      for (auto& starter : starters) starter.join();
      const auto count = std::count_if(listeners.begin(), listeners.end(),
                                       [](const auto& mine) { return mine != nullptr; });
      CHECK(count == 1);
      CHECK(c.network().connect(unix_endpoint(path)).has_value());
    }
  }
}

}  // namespace
}  // namespace appd::testing
