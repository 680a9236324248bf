// The backends as the contract tests see them. Each has
//   backend()            one of the same world a call
//   kIsSystem            real sockets, threads and time
//   reset(transport)     ends a stream so that the peer gets ECONNRESET
//   is_exact()           false: libkqueue, see kqueue_backend.h
// tested_backends.h, of which each poller's system has its own, lists those to run over.
#pragma once

#include <doctest/doctest.h>

#include "tests/support/kqueue_backend.h"
#include "tests/support/memory_backend.h"
#include "tests/support/poller_fixture.h"

namespace appd::testing {

// SO_LINGER with no time, and close.
void reset_socket(std::unique_ptr<reactor::Transport> transport);

struct SystemUnderTest {
  static constexpr bool kIsSystem = true;
  [[nodiscard]] static bool is_exact() { return true; }
  [[nodiscard]] reactor::Backend backend() { return reactor::system_backend().value(); }
  static void reset(std::unique_ptr<reactor::Transport> transport) {
    reset_socket(std::move(transport));
  }
};

struct KqueueUnderTest {
  static constexpr bool kIsSystem = true;
  [[nodiscard]] static bool is_exact() { return !kqueue_is_libkqueue(); }
  [[nodiscard]] reactor::Backend backend() { return kqueue_backend().value(); }
  static void reset(std::unique_ptr<reactor::Transport> transport) {
    reset_socket(std::move(transport));
  }
};

struct MemoryUnderTest {
  static constexpr bool kIsSystem = false;
  [[nodiscard]] static bool is_exact() { return true; }
  [[nodiscard]] reactor::Backend backend() { return world.backend(); }
  static void reset(std::unique_ptr<reactor::Transport> transport) {
    dynamic_cast<MemoryTransport&>(*transport).reset();
  }
  MemoryWorld world;
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
TYPE_TO_STRING(appd::testing::MemoryUnderTest);

// One claim, once for each backend, named `Tested`.
#define CONTRACT_CASE(name) TEST_CASE_TEMPLATE(name, Tested, APPD_TESTED_BACKENDS)
