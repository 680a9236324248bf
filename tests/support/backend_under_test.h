// The backends as the contract tests see them. Each has
//   backend()            one of the same world a call
//   kIsSystem            real sockets, threads and time
//   reset(transport)     ends a stream so that the peer gets ECONNRESET
//   is_exact()           false: libkqueue, see kqueue_backend.h
//   kHasLatency          a connect is always under way for a time
// and those that are no system
//   accept_exhausted()   an accept() that finds no descriptor left
// tested_backends.h, of which each poller's system has its own, lists those to run over.
#pragma once

#include <doctest/doctest.h>

#include <vector>

#include "appd/reactor/sim/poller.h"
#include "appd/reactor/sim/wire.h"
#include "tests/support/kqueue_backend.h"
#include "tests/support/poller_fixture.h"

namespace appd::testing {

// SO_LINGER with no time, and close.
void reset_socket(std::unique_ptr<reactor::Transport> transport);

struct SystemUnderTest {
  static constexpr bool kIsSystem = true;
  static constexpr bool kHasLatency = false;
  [[nodiscard]] static bool is_exact() { return true; }
  [[nodiscard]] reactor::Backend backend() { return reactor::system_backend().value(); }
  static void reset(std::unique_ptr<reactor::Transport> transport) {
    reset_socket(std::move(transport));
  }
};

struct KqueueUnderTest {
  static constexpr bool kIsSystem = true;
  static constexpr bool kHasLatency = false;
  [[nodiscard]] static bool is_exact() { return !kqueue_is_libkqueue(); }
  [[nodiscard]] reactor::Backend backend() { return kqueue_backend().value(); }
  static void reset(std::unique_ptr<reactor::Transport> transport) {
    reset_socket(std::move(transport));
  }
};

// The simulated world, without misfortunes: both ends of a stream are of one host.
struct SimUnderTest {
  static constexpr bool kIsSystem = false;
  static constexpr bool kHasLatency = true;
  explicit SimUnderTest(reactor::sim::Ways ways = {}) { world.ways = ways; }
  SimUnderTest(const SimUnderTest&) = delete;
  SimUnderTest& operator=(const SimUnderTest&) = delete;
  ~SimUnderTest() { CHECK(world.violation().value_or("none") == "none"); }
  [[nodiscard]] static bool is_exact() { return true; }
  [[nodiscard]] reactor::Backend backend() {
    return {std::make_unique<reactor::sim::SimPoller>(host), &host, &world.clock()};
  }
  static void reset(std::unique_ptr<reactor::Transport> transport) {
    dynamic_cast<reactor::sim::SimTransport&>(*transport).reset();
  }
  [[nodiscard]] reactor::AcceptResult accept_exhausted(reactor::ListeningSocket& listener) {
    std::vector<std::unique_ptr<reactor::ListeningSocket>> others;
    while (!host.full()) others.push_back(host.listen(loopback(), {}).value());
    CHECK(host.connect(loopback(1)).error().code == std::errc::too_many_files_open);
    CHECK(host.listen(loopback(1), {}).error().message ==
          "listen on 127.0.0.1:1: Too many open files");
    return listener.accept();
  }
  reactor::sim::World world{1, reactor::sim::World::Driving::kByPollers};
  reactor::sim::Host host{world, {.address = "127.0.0.1", .max_descriptors = 512}};
};

// The same with nothing left to chance: calm_world.h.
struct CalmUnderTest : SimUnderTest {
  static constexpr bool kHasLatency = false;
  CalmUnderTest() : SimUnderTest(reactor::sim::kDirectWays) {}
};

// What a contract case is written with.
template <class Tested>
struct Contract : Tested, PollerFixture {
  Contract() : PollerFixture(Tested::backend(), Tested::backend()) {}

  [[nodiscard]] static bool is_refusal(std::error_code error) {
    return error == std::errc::connection_refused ||
           (!Tested::is_exact() && error == std::errc::not_connected);
  }
};

}  // namespace appd::testing

TYPE_TO_STRING(appd::testing::KqueueUnderTest);
TYPE_TO_STRING(appd::testing::CalmUnderTest);
TYPE_TO_STRING(appd::testing::SimUnderTest);

// One claim, once for each backend, named `Tested`.
#define CONTRACT_CASE(name) \
  TEST_CASE_TEMPLATE(name, Tested, APPD_TESTED_BACKENDS, appd::testing::SimUnderTest)
// The same without the simulated world, where time stands still for a loop that never waits.
#define UNWAITING_CASE(name) TEST_CASE_TEMPLATE(name, Tested, APPD_TESTED_BACKENDS)
