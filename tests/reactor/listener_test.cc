#include "appd/reactor/listener.h"

#include <doctest/doctest.h>

#include <cerrno>
#include <functional>
#include <new>
#include <vector>

#include "tests/support/calm_loop.h"

namespace appd::reactor {
namespace {

using namespace std::chrono_literals;
using appd::testing::CalmWorld;

struct Acceptor final : ListenerDelegate {
  bool may_accept() override { return admits; }
  void on_accept(AnyTransport transport) override {
    if (next_accept) std::exchange(next_accept, nullptr)();
    accepted.push_back(std::move(transport));
  }
  void on_accept_exhausted(std::error_code error) override { exhausted.push_back(error); }

  bool admits = true;
  std::function<void()> next_accept;
  std::vector<AnyTransport> accepted;
  std::vector<std::error_code> exhausted;
};

struct ListenerFixture {
  void settle() { appd::testing::settle(world, loop); }
  void pass(Duration time) {
    world.pass(time);
    settle();
  }
  void connect(int count) {
    for (int i = 0; i < count; ++i) {
      auto made = loop.network().connect(listener.socket().local_endpoint());
      REQUIRE(made.has_value());
      clients.push_back(made->release());
    }
  }
  // One accept finds no descriptor left.
  void exhaust() {
    const std::size_t usual = world.network().limit_descriptors(0);
    settle();
    world.network().limit_descriptors(usual);
  }
  void start() { REQUIRE(listener.start().has_value()); }

  CalmWorld world;
  EventLoop loop{world.backend()};
  Acceptor acceptor;
  Listener listener{loop, loop.network().listen(Endpoint::any_ipv4(0), {}).value(), acceptor};
  std::vector<std::unique_ptr<Transport>> clients;
};

const std::error_code kNoFiles(EMFILE, std::system_category());

TEST_CASE_FIXTURE(ListenerFixture, "listener: accepts from start() on, one an event") {
  connect(3);
  settle();
  CHECK(acceptor.accepted.empty());
  start();
  loop.run_once(0s);
  CHECK(acceptor.accepted.size() == 1);
  settle();
  CHECK(acceptor.accepted.size() == 3);
}

TEST_CASE_FIXTURE(ListenerFixture, "listener: paused, connections wait until resume") {
  start();
  listener.pause();
  connect(2);
  settle();
  CHECK(acceptor.accepted.empty());
  listener.resume();
  settle();
  CHECK(acceptor.accepted.size() == 2);
}

TEST_CASE_FIXTURE(ListenerFixture, "listener: paused before start(), it starts paused") {
  listener.pause();
  start();
  connect(1);
  settle();
  CHECK(acceptor.accepted.empty());
  listener.resume();
  settle();
  CHECK(acceptor.accepted.size() == 1);
}

TEST_CASE_FIXTURE(ListenerFixture,
                  "listener: a delegate that admits nobody pauses it, unspinning") {
  start();
  acceptor.admits = false;
  connect(1);
  settle();
  CHECK(acceptor.accepted.empty());
  acceptor.admits = true;
  settle();
  CHECK(acceptor.accepted.empty());
  listener.resume();
  settle();
  CHECK(acceptor.accepted.size() == 1);
}

TEST_CASE_FIXTURE(ListenerFixture, "listener: without descriptors it rests, then goes on") {
  start();
  connect(1);
  exhaust();
  CHECK(acceptor.exhausted == std::vector{kNoFiles});
  CHECK(acceptor.accepted.empty());
  pass(Listener::kExhaustedPause - 1ms);
  CHECK(acceptor.accepted.empty());
  pass(2ms);
  CHECK(acceptor.accepted.size() == 1);
}

TEST_CASE_FIXTURE(ListenerFixture, "listener: resume while it rests does not wake it early") {
  start();
  connect(1);
  exhaust();
  listener.resume();
  settle();
  CHECK(acceptor.accepted.empty());
  pass(Listener::kExhaustedPause + 1ms);
  CHECK(acceptor.accepted.size() == 1);
}

TEST_CASE_FIXTURE(ListenerFixture, "listener: paused while it rests, it stays paused") {
  start();
  connect(1);
  exhaust();
  listener.pause();
  pass(1s);
  CHECK(acceptor.accepted.empty());
}

TEST_CASE_FIXTURE(ListenerFixture, "listener: one connection that failed does not stop the next") {
  start();
  connect(2);
  world.world().faults.accept_aborted = 1'000'000;
  loop.run_once(0s);
  world.world().faults.accept_aborted = 0;
  settle();
  CHECK(acceptor.accepted.size() == 1);
  CHECK(acceptor.exhausted.empty());
}

TEST_CASE_FIXTURE(ListenerFixture, "listener: without memory for a connection it rests, too") {
  start();
  connect(2);
  acceptor.next_accept = [] { throw std::bad_alloc(); };
  settle();
  CHECK(acceptor.exhausted == std::vector{std::make_error_code(std::errc::not_enough_memory)});
  pass(Listener::kExhaustedPause + 1ms);
  CHECK(acceptor.accepted.size() == 1);
}

TEST_CASE_FIXTURE(ListenerFixture, "listener: the backlog is accepted at once, up to a limit") {
  connect(5);
  listener.accept_backlog(3);
  CHECK(acceptor.accepted.size() == 3);
  listener.accept_backlog(100);
  CHECK(acceptor.accepted.size() == 5);
}

TEST_CASE_FIXTURE(ListenerFixture, "listener: the backlog is not accepted against the delegate") {
  connect(2);
  acceptor.admits = false;
  listener.accept_backlog(100);
  CHECK(acceptor.accepted.empty());
}

}  // namespace
}  // namespace appd::reactor
