// A server that finds no memory, at each place in turn where it asks for some. A program of its
// own, because it replaces operator new.
#include <doctest/doctest.h>

#include <cstdlib>
#include <new>
#include <optional>
#include <string>

#include "servers/server.h"
#include "worker_fixture.h"

namespace {

// So many allocations succeed before one fails; nullopt: all succeed.
std::optional<long> allocations_left;  // NOLINT: operator new has no other way to be told

}  // namespace

void* operator new(std::size_t bytes) {
  if (allocations_left && (*allocations_left)-- == 0) {
    allocations_left.reset();
    throw std::bad_alloc();
  }
  if (void* memory = std::malloc(bytes == 0 ? 1 : bytes)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t /*bytes*/) noexcept { std::free(memory); }

namespace appd::servers {
namespace {

using namespace std::chrono_literals;
using reactor::IoOutcome;
using testing::found;
using testing::search;

// On the system's sockets, turned by hand: a simulated world asks for memory, too.
struct NoMemoryFixture {
  NoMemoryFixture() {
    limits.max_connections = 100;
    limits.max_connections_per_peer = 50;
    server.emplace(limits, 1, log, testing::make_registry());
    const auto bound =
        server->listen({.protocol = protocol::Protocol::kApp, .host = "127.0.0.1", .path = {}});
    endpoint = reactor::Endpoint::ip(bound.at(0).host, bound.at(0).port).value();
  }

  std::unique_ptr<reactor::Transport> connect() {
    return server->main_loop().network().connect(endpoint).value();
  }
  static void send(reactor::Transport& client, std::string_view bytes) {
    CHECK(client.write(std::as_bytes(std::span(bytes)), {}).bytes == bytes.size());
  }
  // Turns with the one allocation failing that `left` says. Returns how many are left.
  std::optional<long> turn(std::optional<long> left) {
    allocations_left = left;
    for (int i = 0; i < 6; ++i) server->main_loop().run_once(0s);
    return std::exchange(allocations_left, std::nullopt);
  }
  std::string receive_to_end(reactor::Transport& client) {
    std::string received;
    std::string buffer(4096, '\0');
    for (int turns = 0; turns < 5000; ++turns) {
      const auto read = client.read(std::as_writable_bytes(std::span(buffer)));
      received.append(buffer, 0, read.bytes);
      if (read.outcome == IoOutcome::kEnd || read.outcome == IoOutcome::kError) break;
      server->main_loop().run_once(1ms);
    }
    return received;
  }

  Limits limits;
  Log log{{.level = Level::kOff, .format = LogFormat::kText, .file = {}}};
  std::optional<Server> server;
  reactor::Endpoint endpoint;
};

// One round; whether an allocation failed in it.
bool survives_failure_of_allocation(long number) {
  CAPTURE(number);
  NoMemoryFixture fixture;
  const std::string request = search("morpheus");
  auto slow = fixture.connect();
  auto quick = fixture.connect();
  fixture.send(*slow, request.substr(0, 100));
  fixture.send(*quick, request);
  auto left = fixture.turn(number);
  if (left) {
    fixture.send(*slow, request.substr(100));
    left = fixture.turn(left);
  }
  auto next = fixture.connect();
  fixture.send(*next, request);
  CHECK(fixture.receive_to_end(*next) == found());
  return !left;
}

TEST_CASE("server: without memory for one session it goes on for the others") {
  long number = 0;
  while (survives_failure_of_allocation(number)) {
    ++number;
    REQUIRE(number < 10'000);
  }
  CHECK(number > 10);  // those that could fail
}

}  // namespace
}  // namespace appd::servers
