#include "appd/machine/thread_limits.h"

#include <doctest/doctest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <string>

#include "tests/support/child_process.h"

using namespace appd::machine;
using namespace appd::testing;

namespace {

// Whether `error` says `part`, as the exit code of a child.
int says(const appd::options::StartError& error, std::string_view part) {
  return std::string_view(error.what()).find(part) != std::string_view::npos ? 0 : 1;
}

// Room for the address space of now, and for less than one more stack.
rlimit little_more_address_space() {
  std::uint64_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  const std::uint64_t bytes = pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  return {bytes + 1024 * 1024, bytes + 1024 * 1024};
}

}  // namespace

TEST_CASE("thread limits: this process has at least its own thread") {
  CHECK(thread_count().value_or(1) >= 1);
}

TEST_CASE("thread limits: an address space that is used up is named") {
  const pid_t child = fork_child([] {
    const rlimit little = little_more_address_space();
    if (::setrlimit(RLIMIT_AS, &little) != 0) return 2;
    return says(thread_start_error("the log"), "cannot start a thread for the log: RLIMIT_AS") +
           says(memory_start_error(), "out of memory; RLIMIT_AS (ulimit -v) allows ");
  });
  CHECK(exit_code_of(child) == 0);
}

TEST_CASE("thread limits: a user's number of processes is named, but not root's") {
  const pid_t child = fork_child([] {
    const rlimit few{7, 7};
    if (::setrlimit(RLIMIT_NPROC, &few) != 0) return 2;
    if (::geteuid() == 0) {
      if (says(fork_start_error(EAGAIN), "the system has no room for a further one") != 0) return 3;
      if (::setuid(65534) != 0) return 4;
    }
    return says(fork_start_error(EAGAIN),
                "cannot fork: RLIMIT_NPROC (ulimit -u) allows this user 7");
  });
  CHECK(exit_code_of(child) == 0);
}

TEST_CASE("thread limits: without a limit the error names those there may be") {
  CHECK(std::string(memory_start_error().what()).starts_with("out of memory"));
  CHECK(std::string(fork_start_error(ENOMEM).what()).find("fork") != std::string::npos);
}
