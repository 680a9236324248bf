// The wires and hosts of a simulated world keep to the facts of TCP that matter.
#include <doctest/doctest.h>

#include <array>
#include <stdexcept>

#include "appd/reactor/sim/poller.h"
#include "appd/reactor/sim/wire.h"
#include "tests/sim/conversation.h"

namespace appd::testing {
namespace {

using reactor::Endpoint;
using reactor::IoOutcome;
using reactor::sim::Host;
using reactor::sim::World;

struct Pair {
  World world{1};
  Host server{world, {.address = "10.0.0.1", .max_descriptors = 2}};
  Host client{world, {.address = "10.0.0.2"}};
  Endpoint where = Endpoint::ip("10.0.0.1", 80).value();
  std::unique_ptr<reactor::ListeningSocket> listener = server.listen(where, {}).value();
  std::unique_ptr<reactor::Transport> near;
  std::unique_ptr<reactor::Transport> far;

  void connect() {
    near = client.connect(where).value().release();
    settle();
  }
  void accept() { far = listener->accept().transport.release(); }
  // All that is on the way arrives.
  void settle() {
    while (world.step()) {
    }
  }
};

std::string read(reactor::Transport& transport, IoOutcome expected = IoOutcome::kBytes) {
  std::array<std::byte, 100> room;
  const auto result = transport.read(room);
  CHECK(result.outcome == expected);
  return {reinterpret_cast<const char*>(room.data()), result.bytes};
}

void write(reactor::Transport& transport, std::string_view text) {
  CHECK(transport.write(std::as_bytes(std::span(text)), {}).bytes == text.size());
}

TEST_CASE("world: bytes are on the way for a time") {
  Pair pair;
  pair.connect();
  pair.accept();
  write(*pair.near, "hello");
  (void)read(*pair.far, IoOutcome::kWouldBlock);
  pair.settle();
  CHECK(read(*pair.far) == "hello");
}

TEST_CASE("world: a close with unread input destroys what the peer has not read") {
  Pair pair;
  pair.connect();
  pair.accept();
  write(*pair.near, "question");
  write(*pair.far, "answer");
  pair.settle();
  pair.far.reset();
  pair.settle();
  (void)read(*pair.near, IoOutcome::kError);
}

TEST_CASE("world: bytes for a closed end come back as a reset") {
  Pair pair;
  pair.connect();
  pair.accept();
  write(*pair.far, "answer");
  pair.far.reset();
  pair.settle();
  write(*pair.near, "more");
  pair.settle();
  (void)read(*pair.near, IoOutcome::kError);
}

TEST_CASE("world: an end comes behind the data, and leaves the other direction open") {
  Pair pair;
  pair.connect();
  pair.accept();
  write(*pair.near, "last");
  (void)pair.near->shutdown_write();
  pair.settle();
  CHECK(read(*pair.far) == "last");
  (void)read(*pair.far, IoOutcome::kEnd);
  write(*pair.far, "answer");
  pair.settle();
  CHECK(read(*pair.near) == "answer");
}

TEST_CASE("world: without a descriptor the connection stays in the backlog") {
  Pair pair;
  pair.connect();
  pair.accept();
  const auto first = std::move(pair.near);
  pair.connect();
  CHECK(pair.listener->accept().outcome == reactor::AcceptOutcome::kExhausted);
  pair.far.reset();
  CHECK(pair.listener->accept().outcome == reactor::AcceptOutcome::kAccepted);
}

TEST_CASE("world: the lowest free descriptor comes back at once") {
  Pair pair;
  pair.connect();
  const auto fd = pair.near->descriptor();
  pair.near.reset();
  pair.connect();
  CHECK(pair.near->descriptor() == fd);
}

TEST_CASE("world: where nobody listens a connect is refused") {
  Pair pair;
  pair.listener.reset();
  pair.connect();
  CHECK(pair.near->connect_result() == std::errc::connection_refused);
}

TEST_CASE("world: the longest wait lasts for ever, where a driver moves time") {
  Pair pair;
  reactor::sim::SimPoller poller(pair.server);
  CHECK(poller.wait(reactor::Duration::max(), {}).value() == 0);
  CHECK(poller.idle());
  CHECK_FALSE(poller.wakes_at().has_value());
}

TEST_CASE("world: a wait that nothing can end is an error, where pollers move time") {
  World world{1, World::Driving::kByPollers};
  Host host{world, {}};
  reactor::sim::SimPoller poller(host);
  CHECK_THROWS_AS((void)poller.wait(std::nullopt, {}), std::logic_error);
}

}  // namespace
}  // namespace appd::testing
