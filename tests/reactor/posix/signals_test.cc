#include "appd/reactor/posix/signals.h"

#include <doctest/doctest.h>
#include <pthread.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <memory>
#include <ostream>  // doctest prints error codes
#include <thread>
#include <vector>

#include "tested_backends.h"

namespace appd::testing {
namespace {

using reactor::EventLoop;
using reactor::Signals;

std::uintptr_t installed_for(int signo) {
  struct sigaction action {};
  REQUIRE(::sigaction(signo, nullptr, &action) == 0);
  return reinterpret_cast<std::uintptr_t>(action.sa_handler);
}

// A loop that logs SIGUSR1 and SIGUSR2. Not over the in-memory world: signals are the system's.
struct Watching {
  explicit Watching(reactor::Backend backend) : loop(std::move(backend)) {
    signals = Signals::watch(loop, {SIGUSR1, SIGUSR2}, [this](int signo) {
                log.push_back(signo);
              }).value();
  }
  void turn() { loop.run_once(reactor::Duration::zero()); }

  EventLoop loop;
  std::vector<int> log;
  std::unique_ptr<Signals> signals;
};

TEST_CASE_TEMPLATE("signals: one is told on the loop's next turn, once", Tested, SystemUnderTest,
                   KqueueUnderTest) {
  Watching w(Tested().backend());
  REQUIRE(::raise(SIGUSR1) == 0);
  CHECK(w.log.empty());
  w.turn();
  CHECK(w.log == std::vector{SIGUSR1});
  w.turn();
  CHECK(w.log.size() == 1);
}

TEST_CASE_TEMPLATE("signals: one ends a wait without limit", Tested, SystemUnderTest,
                   KqueueUnderTest) {
  Watching w(Tested().backend());
  std::thread other([waiter = ::pthread_self()] { ::pthread_kill(waiter, SIGUSR2); });
  while (w.log.empty()) w.loop.run_once();
  other.join();
  CHECK(w.log == std::vector{SIGUSR2});
}

TEST_CASE("signals: those of one kind that come together are told once, others each") {
  Watching w(reactor::system_backend().value());
  for (int i = 0; i < 3; ++i) REQUIRE(::raise(SIGUSR2) == 0);
  REQUIRE(::raise(SIGUSR1) == 0);
  w.turn();
  CHECK(w.log == std::vector{SIGUSR1, SIGUSR2});
}

TEST_CASE("signals: a flood of one kind hides no other") {
  Watching w(reactor::system_backend().value());
  for (int i = 0; i < 100'000; ++i) REQUIRE(::raise(SIGUSR1) == 0);
  REQUIRE(::raise(SIGUSR2) == 0);
  w.turn();
  CHECK(w.log == std::vector{SIGUSR1, SIGUSR2});
  w.turn();
  CHECK(w.log.size() == 2);
}

TEST_CASE("signals: one that its callback raises is told in the next turn") {
  EventLoop loop(reactor::system_backend().value());
  int told = 0;
  const auto signals = Signals::watch(loop, {SIGUSR1}, [&](int) {
                         if (++told == 1) ::raise(SIGUSR1);
                       }).value();
  ::raise(SIGUSR1);
  loop.run_once();
  CHECK(told == 1);
  loop.run_once();
  CHECK(told == 2);
}

TEST_CASE("signals: errno is what it was before the signal") {
  Watching w(reactor::system_backend().value());
  for (int i = 0; i < 100'000; ++i) {  // until the pipe is full and the write in the handler fails
    errno = ERANGE;
    ::raise(SIGUSR1);
    REQUIRE(errno == ERANGE);
  }
}

TEST_CASE("signals: what was before is restored") {
  const auto before = installed_for(SIGUSR1);
  {
    const Watching w(reactor::system_backend().value());
    CHECK(installed_for(SIGUSR1) != before);
  }
  CHECK(installed_for(SIGUSR1) == before);
}

TEST_CASE("signals: a signal that is named twice is restored, too") {
  EventLoop loop(reactor::system_backend().value());
  const auto before = installed_for(SIGUSR1);
  Signals::watch(loop, {SIGUSR1, SIGUSR1}, [](int) {}).value().reset();
  CHECK(installed_for(SIGUSR1) == before);
}

TEST_CASE("signals: one that cannot be caught is an error, and none is watched then") {
  EventLoop loop(reactor::system_backend().value());
  const auto before = installed_for(SIGUSR1);
  const auto signals = Signals::watch(loop, {SIGUSR1, SIGKILL}, [](int) {});
  REQUIRE_FALSE(signals.has_value());
  CHECK(signals.error().code == std::errc::invalid_argument);
  CHECK(installed_for(SIGUSR1) == before);
}

TEST_CASE("signals: they can be watched again behind an earlier watch") {
  EventLoop loop(reactor::system_backend().value());
  for (int i = 0; i < 2; ++i) {
    int told = 0;
    const auto signals = Signals::watch(loop, {SIGUSR1}, [&](int) { ++told; }).value();
    ::raise(SIGUSR1);
    loop.run_once(reactor::Duration::zero());
    CHECK(told == 1);
  }
}

TEST_CASE("signals: an interrupted system call of another thread goes on") {
  Watching w(reactor::system_backend().value());
  std::array<int, 2> ends{};
  REQUIRE(::pipe(ends.data()) == 0);
  const reactor::OwnedFd read_end(ends[0]);
  const reactor::OwnedFd write_end(ends[1]);
  ssize_t count = 0;
  std::thread reader([&] {
    char byte = 0;
    count = ::read(read_end.get(), &byte, 1);
  });
  for (int i = 0; i < 100; ++i) ::pthread_kill(reader.native_handle(), SIGUSR1);
  REQUIRE(::write(write_end.get(), "x", 1) == 1);
  reader.join();
  CHECK(count == 1);
}

}  // namespace
}  // namespace appd::testing
