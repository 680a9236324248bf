#include "appd/daemon/daemonize.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <chrono>
#include <climits>
#include <csignal>
#include <functional>
#include <thread>

#include "appd/daemon/inherited_descriptors.h"
#include "tests/support/child_process.h"

using namespace appd::daemon;
using namespace appd::options;
using namespace appd::testing;

namespace {

// A program that detaches and then, as the daemon, runs `body`.
Outcome run_program(const std::function<void(Daemonizer&)>& body) {
  return run_child([&body] {
    Daemonizer daemonizer = Daemonizer::detach();
    body(daemonizer);
    return 0;
  });
}

}  // namespace

TEST_CASE("daemon: the first process prints the ready lines and succeeds") {
  const Outcome outcome =
      run_program([](Daemonizer& daemonizer) { daemonizer.report_ready("listening on x\n"); });
  CHECK(outcome.exit_code == 0);
  CHECK(outcome.output == "listening on x\n");
  CHECK(outcome.errors.empty());
}

TEST_CASE("daemon: a failure is told on standard error with its exit code") {
  const Outcome outcome = run_program(
      [](Daemonizer& daemonizer) { daemonizer.report_failure("port in use", ExitCode::kFailure); });
  CHECK(outcome.exit_code == 1);
  CHECK(outcome.output.empty());
  CHECK(outcome.errors == "port in use\n");
}

TEST_CASE("daemon: one that ends without a report counts as failed") {
  const Outcome outcome = run_program([](Daemonizer&) { ::_exit(0); });
  CHECK(outcome.exit_code == 1);
  CHECK(outcome.errors == "the daemon ended before it was ready\n");
}

TEST_CASE("daemon: once ready it lets go of the standard streams and lives on") {
  Pipe release;
  Pipe goodbye;
  const Outcome outcome = run_program([&](Daemonizer& daemonizer) {
    release.write_end.reset();
    daemonizer.report_ready("ready\n");
    static_cast<void>(release.read_all());
    tell(goodbye.write_end.get(), "bye");
  });
  // Here the streams have ended although the daemon still waits.
  CHECK(outcome.exit_code == 0);
  CHECK(outcome.output == "ready\n");
  release.write_end.reset();
  CHECK(goodbye.read_all() == "bye");
}

TEST_CASE("daemon: it leads no session, works in / and creates nothing that others may write") {
  const Outcome outcome = run_program([](Daemonizer& daemonizer) {
    std::array<char, PATH_MAX> folder{};
    std::string facts = ::getcwd(folder.data(), folder.size()) != nullptr ? folder.data() : "?";
    facts += ::getsid(0) != ::getpid() ? " follower" : " leader";
    const mode_t mask = ::umask(0);
    facts += (mask & (S_IWGRP | S_IWOTH)) == (S_IWGRP | S_IWOTH) ? " masked" : " open";
    daemonizer.report_ready(facts);
  });
  CHECK(outcome.output == "/ follower masked");
}

TEST_CASE("daemon: only the first report counts") {
  const Outcome outcome = run_program([](Daemonizer& daemonizer) {
    daemonizer.report_ready("one\n");
    daemonizer.report_ready("two\n");
    daemonizer.report_failure("three", ExitCode::kUsage);
  });
  CHECK(outcome.exit_code == 0);
  CHECK(outcome.output == "one\n");
}

TEST_CASE("daemon: another thread would be gone, and is told") {
  const Outcome outcome = run_child([] {
    std::thread other([] { std::this_thread::sleep_for(std::chrono::hours(1)); });
    std::string line;
    try {
      static_cast<void>(Daemonizer::detach());
    } catch (const StartError& error) {
      line = error.what();
    }
    tell(STDOUT_FILENO, line);
    ::_exit(0);
    return 0;
  });
  CHECK(outcome.output.find("on_start()") != std::string::npos);
  CHECK(outcome.output.find('\n') == std::string::npos);
}

TEST_CASE("daemon: ready lines that cannot be printed are a failure that is told") {
  const Outcome outcome = run_child([] {
    const int full = ::open("/dev/full", O_WRONLY);
    ::dup2(full, STDOUT_FILENO);
    Daemonizer daemonizer = Daemonizer::detach();
    daemonizer.report_ready("listening\n");
    return 0;
  });
  CHECK(outcome.exit_code == 1);
  CHECK(outcome.errors ==
        "the daemon is ready, but cannot say so: write standard output: No space left on device\n");
}

TEST_CASE("daemon: the first process can be ended while it waits") {
  Pipe detached;
  Pipe release;
  const pid_t first = fork_child([&] {
    ::signal(SIGTERM, [](int) {});  // held for the daemon
    Daemonizer daemonizer = Daemonizer::detach();
    tell(detached.write_end.get(), "d");
    release.write_end.reset();
    static_cast<void>(release.read_all());
    return 0;
  });
  char byte = 0;
  REQUIRE(::read(detached.read_end.get(), &byte, 1) == 1);
  int status = 0;
  while (::waitpid(first, &status, WNOHANG) == 0) {
    ::kill(first, SIGTERM);
    std::this_thread::yield();
  }
  CHECK(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == SIGTERM);
}

TEST_CASE(
    "descriptors: those that were open are closed, others and their numbers' next files not") {
  const Outcome outcome = run_child([] {
    Pipe kept;
    Pipe closed;
    std::vector<OpenDescriptor> listed;
    const int wanted = closed.read_end.get();
    const int reused = closed.write_end.get();
    for (const OpenDescriptor& open : open_descriptors()) {
      if (open.number == wanted || open.number == reused) listed.push_back(open);
    }
    if (listed.size() != 2) return 1;
    const int other = ::open("/dev/null", O_RDONLY);
    ::dup2(other, reused);
    close_descriptors(listed);
    if (::fcntl(wanted, F_GETFD) >= 0) return 2;
    if (::fcntl(reused, F_GETFD) < 0) return 3;
    return ::fcntl(kept.read_end.get(), F_GETFD) >= 0 ? 0 : 4;
  });
  CHECK(outcome.exit_code == 0);
}
