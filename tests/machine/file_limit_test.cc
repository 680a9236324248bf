#include "appd/machine/file_limit.h"

#include <doctest/doctest.h>
#include <sys/resource.h>

#include "tests/support/child_process.h"

using namespace appd::machine;
using namespace appd::testing;

TEST_CASE("file limit: the soft limit is raised to the hard one") {
  // In a process of its own, because a lowered hard limit cannot be raised again.
  const pid_t child = fork_child([] {
    const rlimit low{64, 128};
    if (::setrlimit(RLIMIT_NOFILE, &low) != 0) return 1;
    if (raise_file_limit() != 128) return 2;
    rlimit now{};
    ::getrlimit(RLIMIT_NOFILE, &now);
    return now.rlim_cur == 128 ? 0 : 3;
  });
  CHECK(exit_code_of(child) == 0);
}

TEST_CASE("file limit: connections get what the reserves leave, and never none") {
  CHECK(usable_connections(1024, 4, 8) == 1024 - kReservedFiles - 4 * kReservedFilesPerLoop - 8);
  CHECK(usable_connections(20, 4, 8) == 1);
  CHECK(usable_connections(0, 0, 0) == 1);
}
