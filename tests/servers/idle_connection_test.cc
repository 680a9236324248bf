// What a connection costs its worker in memory, on the system's sockets. A program of its own,
// because it replaces operator new.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <deque>
#include <new>
#include <optional>
#include <string>

#include "appd/reactor/backend.h"
#include "appd/servers/sessions/app_session.h"
#include "appd/servers/sessions/message_echo_session.h"
#include "appd/servers/sessions/raw_echo_session.h"
#include "blocking_client.h"
#include "worker_fixture.h"

namespace {

std::size_t allocations = 0;  // NOLINT: operator new has no other way to tell
std::size_t live_bytes = 0;   // NOLINT

// In front of each piece of memory: its size.
constexpr std::size_t kSizeBytes = alignof(std::max_align_t);

void release(void* memory) noexcept {
  if (memory == nullptr) return;
  char* const whole = static_cast<char*>(memory) - kSizeBytes;
  live_bytes -= *reinterpret_cast<std::size_t*>(whole);
  std::free(whole);
}

}  // namespace

[[gnu::noinline]] void* operator new(std::size_t bytes) {
  char* const whole = static_cast<char*>(std::malloc(bytes + kSizeBytes));
  if (whole == nullptr) throw std::bad_alloc();
  *reinterpret_cast<std::size_t*>(whole) = bytes;
  ++allocations;
  live_bytes += bytes;
  return whole + kSizeBytes;
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { release(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t /*bytes*/) noexcept {
  release(memory);
}

namespace appd::servers {
namespace {

using namespace std::chrono_literals;
using testing::BlockingClient;
using testing::found;
using testing::kKeep;
using testing::kKeepOk;
using testing::search;

// The limits that this program is about. All but what the kernel keeps for a socket is in the
// first: the session, and its places in the tables of its loop.
constexpr std::size_t kIdleConnectionBytes = 160;
// The session alone: less than two lines of the cache.
constexpr std::size_t kSessionBytes = 104;

// Both ends of each stay under the usual limit of 1024 descriptors.
constexpr std::size_t kConnections = 490;

struct SocketWorker {
  SocketWorker() {
    limits.max_connections = 10'000;
    shared.emplace(limits, log);
    worker.emplace(*shared, Worker::Ordinal{}, reactor::system_backend().value(),
                   testing::make_registry());
    auto socket =
        worker->loop().network().listen(reactor::Endpoint::ip("127.0.0.1", 0).value(), {}).value();
    door = socket->local_endpoint();
    worker->listen(protocol::Protocol::kApp, std::move(socket));
  }
  void turn_until_sessions(std::size_t count) {
    for (int i = 0; i < 1000 && worker->session_count() != count; ++i) {
      worker->loop().run_once(10ms);
    }
    REQUIRE(worker->session_count() == count);
  }
  void turn_until_requests(std::uint64_t count) {
    const auto done = [&] { return worker->metrics().get(Counter::kRequests) == count; };
    for (int i = 0; i < 1000 && !done(); ++i) worker->loop().run_once(10ms);
    REQUIRE(done());
  }
  [[nodiscard]] std::uint64_t requests() const { return worker->metrics().get(Counter::kRequests); }

  Limits limits;
  logging::Log log{
      {.level = logging::Level::kOff, .format = logging::LogFormat::kText, .file = {}}};
  std::optional<ServerShared> shared;
  std::optional<Worker> worker;
  reactor::Endpoint door;
};

TEST_CASE("idle: a session is less than two cache lines, whatever it speaks") {
  CHECK(sizeof(AppSession) <= kSessionBytes);
  CHECK(sizeof(MessageEchoSession) <= kSessionBytes);
  CHECK(sizeof(RawEchoSession) <= kSessionBytes);
}

TEST_CASE("idle: a connection that was used and is kept takes no more than its limit") {
  SocketWorker server;
  const std::string request = search("morpheus", kKeep);
  const std::string reply = found(kKeepOk);
  std::deque<BlockingClient> clients;
  // What the clients take themselves is not counted.
  std::size_t of_clients = 0;
  const auto open_until = [&](std::size_t count) {
    while (clients.size() < count) {
      const std::size_t before = live_bytes;
      clients.emplace_back(server.door);
      of_clients += live_bytes - before;
      REQUIRE(clients.back().connected());
      REQUIRE(clients.back().send(request));
      server.turn_until_requests(server.requests() + 1);
      REQUIRE(clients.back().receive(reply.size()) == reply);
    }
    return live_bytes - of_clients;
  };
  const std::size_t few = open_until(8);
  const std::size_t many = open_until(kConnections);
  const std::size_t each = (many - few) / (kConnections - 8);
  MESSAGE("bytes for an idle connection: ", each);
  CHECK(each <= kIdleConnectionBytes);

  clients.clear();
  server.turn_until_sessions(0);
}

TEST_CASE("idle: a message in pieces takes memory, and gives it back") {
  SocketWorker server;
  const std::string request = search("morpheus", kKeep);
  const std::string reply = found(kKeepOk);
  BlockingClient client(server.door);
  std::string received(reply.size(), '\0');
  std::size_t idle = 0;
  // The first leaves the loop a block, which is not the connection's.
  for (const std::size_t piece :
       {request.size() - 1, request.size(), request.size() - 1, request.size() - 60}) {
    REQUIRE(client.send(std::string_view(request).substr(0, piece)));
    server.turn_until_sessions(1);
    for (int i = 0; i < 3; ++i) server.worker->loop().run_once(1ms);
    const std::uint64_t answered = server.requests();
    if (piece < request.size()) {
      CHECK(live_bytes > idle);
      REQUIRE(client.send(std::string_view(request).substr(piece)));
      server.turn_until_requests(answered + 1);
    }
    REQUIRE(client.receive(reply.size()) == reply);
    if (idle == 0) idle = live_bytes;
    CHECK(live_bytes <= idle);
  }
}

TEST_CASE("idle: one request a connection allocates nothing once the first ones are over") {
  SocketWorker server;
  const std::string request = search("morpheus");
  const std::string reply = found();
  std::size_t counted = 0;
  for (int i = 0; i < 40; ++i) {
    BlockingClient client(server.door);
    REQUIRE(client.send(request));
    const std::size_t before = allocations;
    server.turn_until_requests(server.requests() + 1);
    counted = i < 20 ? 0 : counted + allocations - before;
    REQUIRE(client.receive_to_end() == reply);
    { const BlockingClient gone = std::move(client); }
    const std::size_t before_end = allocations;
    server.turn_until_sessions(0);
    if (i >= 20) counted += allocations - before_end;
  }
  CHECK(counted == 0);
}

}  // namespace
}  // namespace appd::servers
