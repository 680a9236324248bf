#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "appd/machine/cgroup.h"
#include "appd/machine/thread_limits.h"
#include "appd/options/quantity.h"

namespace appd::machine {
namespace {

// ThreadSanitizer has one of its own, from the first one of the program on.
#if defined(__SANITIZE_THREAD__)
constexpr std::size_t kSanitizerThreads = 1;
#else
constexpr std::size_t kSanitizerThreads = 0;
#endif

// A thread needs somewhat more than its stack.
constexpr std::uint64_t kSlackBytes = 1024 * 1024;

// nullopt: no limit.
std::optional<std::uint64_t> limit_of(decltype(RLIMIT_AS) resource) {
  rlimit limit{};
  if (::getrlimit(resource, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return std::nullopt;
  return static_cast<std::uint64_t>(limit.rlim_cur);
}

std::string address_space_text(std::uint64_t limit) {
  return "RLIMIT_AS (ulimit -v) allows " + options::print_byte_size(limit) + " of address space";
}

std::uint64_t stack_bytes() {
  pthread_attr_t attributes;
  std::size_t bytes = 0;
  if (::pthread_attr_init(&attributes) != 0) return 0;
  ::pthread_attr_getstacksize(&attributes, &bytes);
  ::pthread_attr_destroy(&attributes);
  return bytes;
}

// 0: unknown.
std::uint64_t address_space_bytes() {
  std::uint64_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  return pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

// The surest first. RLIMIT_NPROC counts all that the user runs, which would be dear to count.
std::string limit_text() {
  if (const auto pids = Cgroups().exhausted_pids()) {
    return "the control group's pids.max allows " + std::to_string(*pids) +
           " processes and threads";
  }
  const auto memory = limit_of(RLIMIT_AS);
  if (memory && address_space_bytes() + stack_bytes() + kSlackBytes >= *memory) {
    return address_space_text(*memory) + ", which the threads' stacks have used up";
  }
  if (const auto processes = limit_of(RLIMIT_NPROC); processes && ::geteuid() != 0) {
    return "RLIMIT_NPROC (ulimit -u) allows this user " + std::to_string(*processes) +
           " processes and threads";
  }
  return "the system has no room for a further one (RLIMIT_NPROC, pids.max of the control group, "
         "RLIMIT_AS, kernel.threads-max)";
}

}  // namespace

std::optional<std::size_t> thread_count() {
  std::error_code error;
  const std::filesystem::directory_iterator threads("/proc/self/task", error);
  if (error) return std::nullopt;
  const auto count = static_cast<std::size_t>(std::distance(begin(threads), end(threads)));
  return count > 1 ? count - kSanitizerThreads : count;
}

options::StartError thread_start_error(const std::string& what) {
  return options::StartError("cannot start a thread for " + what + ": " + limit_text());
}

options::StartError fork_start_error(int errno_value) {
  if (errno_value != EAGAIN) return options::system_start_error(errno_value, "fork");
  return options::StartError("cannot fork: " + limit_text());
}

options::StartError memory_start_error() {
  const auto limit = limit_of(RLIMIT_AS);
  return options::StartError("out of memory" + (limit ? "; " + address_space_text(*limit) : ""));
}

}  // namespace appd::machine
