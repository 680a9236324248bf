#include "appd/machine/file_limit.h"

#include <sys/resource.h>

#include <algorithm>
#include <limits>

namespace appd::machine {
namespace {

// Where the hard limit says "infinity" the system may still refuse it as a soft limit (setrlimit(2)
// of macOS: OPEN_MAX is the most); this much every system takes.
constexpr rlim_t kSafeFileLimit = 10240;

bool set_soft_limit(rlimit limit, rlim_t soft) {
  limit.rlim_cur = soft;
  return ::setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

}  // namespace

std::size_t raise_file_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return static_cast<std::size_t>(kSafeFileLimit);
  if (limit.rlim_cur < limit.rlim_max && !set_soft_limit(limit, limit.rlim_max) &&
      limit.rlim_cur < kSafeFileLimit) {
    set_soft_limit(limit, std::min(limit.rlim_max, kSafeFileLimit));
  }
  ::getrlimit(RLIMIT_NOFILE, &limit);
  constexpr rlim_t kMost = std::numeric_limits<int>::max();  // descriptors are ints
  return static_cast<std::size_t>(std::min(limit.rlim_cur, kMost));
}

std::size_t usable_connections(std::size_t file_limit, std::size_t loops,
                               std::size_t listening_sockets) {
  const std::size_t reserve = kReservedFiles + loops * kReservedFilesPerLoop + listening_sockets;
  return file_limit > reserve ? file_limit - reserve : 1;
}

}  // namespace appd::machine
