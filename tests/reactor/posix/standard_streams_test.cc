#include <doctest/doctest.h>
#include <fcntl.h>

#include "appd/reactor/posix/descriptor_io.h"
#include "tests/support/child_process.h"

using namespace appd::testing;

TEST_CASE("standard streams: closed ones are opened, so that no socket becomes standard error") {
  const pid_t child = fork_child([] {
    ::close(STDIN_FILENO);
    ::close(STDERR_FILENO);
    appd::reactor::open_missing_standard_streams();
    if (::fcntl(STDIN_FILENO, F_GETFD) < 0 || ::fcntl(STDERR_FILENO, F_GETFD) < 0) return 1;
    return ::dup(STDOUT_FILENO) > STDERR_FILENO ? 0 : 2;
  });
  CHECK(exit_code_of(child) == 0);
}

TEST_CASE("standard streams: input and output that were closed fail as if they still were") {
  const pid_t child = fork_child([] {
    for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::close(stream);
    appd::reactor::open_missing_standard_streams();
    char byte = 0;
    if (::read(STDIN_FILENO, &byte, 1) >= 0) return 1;
    if (::write(STDOUT_FILENO, &byte, 1) >= 0) return 2;
    return ::write(STDERR_FILENO, &byte, 1) == 1 ? 0 : 3;
  });
  CHECK(exit_code_of(child) == 0);
}

TEST_CASE("standard streams: open ones stay what they are") {
  const Outcome outcome = run_child([] {
    appd::reactor::open_missing_standard_streams();
    return ::write(STDOUT_FILENO, "still here", 10) == 10 ? 0 : 1;
  });
  CHECK(outcome.exit_code == 0);
  CHECK(outcome.output == "still here");
}
