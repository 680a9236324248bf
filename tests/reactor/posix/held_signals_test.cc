#include "appd/reactor/posix/held_signals.h"

#include <doctest/doctest.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <memory>
#include <optional>
#include <vector>

#include "appd/reactor/posix/signals.h"
#include "tested_backends.h"

namespace appd::testing {
namespace {

using reactor::EventLoop;
using reactor::HeldSignals;
using reactor::Signals;

using Handler = void (*)(int);

Handler handler_of(int signo) {
  struct sigaction action {};
  REQUIRE(::sigaction(signo, nullptr, &action) == 0);
  return action.sa_handler;
}

bool blocked(int signo) {
  sigset_t mask;
  ::pthread_sigmask(SIG_BLOCK, nullptr, &mask);
  return sigismember(&mask, signo) == 1;
}

void block(int how, int signo) {
  sigset_t one;
  sigemptyset(&one);
  sigaddset(&one, signo);
  ::pthread_sigmask(how, &one, nullptr);
}

// What a loop is told in its first turn.
std::vector<int> told_at_once(const std::vector<int>& signals) {
  EventLoop loop(reactor::system_backend().value());
  std::vector<int> told;
  const auto watching = Signals::watch(loop, signals, [&](int signo) { told.push_back(signo); });
  loop.run_once(reactor::Duration::zero());
  return told;
}

TEST_CASE("held signals: those that come before they are watched are told then") {
  HeldSignals held;
  REQUIRE(held.hold({SIGUSR1, SIGUSR2}));
  ::raise(SIGUSR2);
  CHECK(told_at_once({SIGUSR1, SIGUSR2}) == std::vector{SIGUSR2});
  CHECK(told_at_once({SIGUSR1, SIGUSR2}).empty());
}

TEST_CASE("held signals: one that comes behind the watch does no harm") {
  HeldSignals held;
  REQUIRE(held.hold({SIGUSR1}));
  CHECK(told_at_once({SIGUSR1}).empty());
  ::raise(SIGUSR1);
  CHECK(HeldSignals::take(SIGUSR1));
}

TEST_CASE("held signals: one that was noted for an earlier holder is forgotten") {
  {
    HeldSignals held;
    REQUIRE(held.hold({SIGUSR1}));
    ::raise(SIGUSR1);
  }
  CHECK(told_at_once({SIGUSR1}).empty());
}

TEST_CASE("held signals: blocked and ignored ones are told, and are again what they were") {
  const Handler before = ::signal(SIGUSR1, SIG_IGN);
  block(SIG_BLOCK, SIGUSR1);
  {
    HeldSignals held;
    REQUIRE(held.hold({SIGUSR1}));
    CHECK_FALSE(blocked(SIGUSR1));
    ::raise(SIGUSR1);
    CHECK(told_at_once({SIGUSR1}) == std::vector{SIGUSR1});
    CHECK_FALSE(blocked(SIGUSR1));
  }
  CHECK(blocked(SIGUSR1));
  CHECK((handler_of(SIGUSR1) == SIG_IGN));
  block(SIG_UNBLOCK, SIGUSR1);
  ::signal(SIGUSR1, before);
}

TEST_CASE("held signals: one that waited while it was blocked is told") {
  const Handler before = ::signal(SIGUSR1, SIG_DFL);
  block(SIG_BLOCK, SIGUSR1);
  ::raise(SIGUSR1);
  HeldSignals held;
  REQUIRE(held.hold({SIGUSR1}));
  CHECK(told_at_once({SIGUSR1}) == std::vector{SIGUSR1});
  block(SIG_UNBLOCK, SIGUSR1);
  ::signal(SIGUSR1, before);
}

TEST_CASE("held signals: a disarmed one does nothing, unless somebody said what it does") {
  static int calls = 0;
  const Handler before = ::signal(SIGUSR1, SIG_DFL);
  const Handler own = [](int) { ++calls; };
  const Handler before_other = ::signal(SIGUSR2, own);
  {
    HeldSignals held;
    held.disarm({SIGUSR1, SIGUSR2});
    ::raise(SIGUSR1);
    ::raise(SIGUSR2);
    CHECK(calls == 1);
    CHECK((handler_of(SIGUSR2) == own));
  }
  CHECK((handler_of(SIGUSR1) == SIG_DFL));
  ::signal(SIGUSR1, before);
  ::signal(SIGUSR2, before_other);
}

TEST_CASE("held signals: a program that is started meanwhile has them as usual") {
  HeldSignals held;
  REQUIRE(held.hold({SIGTERM}));
  held.disarm({SIGPIPE});
  const pid_t child = ::fork();
  if (child == 0) {
    ::execl("/bin/sh", "sh", "-c", "kill -PIPE $$; kill -TERM $$; exit 3", nullptr);
    ::_exit(4);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == SIGPIPE);
}

TEST_CASE("held signals: one that cannot be caught is an error") {
  HeldSignals held;
  CHECK_FALSE(held.hold({SIGKILL}));
  CHECK_FALSE(held.hold({1000}));
}

}  // namespace
}  // namespace appd::testing
