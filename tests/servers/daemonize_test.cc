#include "servers/daemonize.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <climits>
#include <functional>

#include "tests/servers/child_process.h"

using namespace appd::servers;

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
    static_cast<void>(::write(goodbye.write_end.get(), "bye", 3));
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
