#include "appd/machine/allocator.h"

#include <cstdlib>
#include <string_view>

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace appd::machine {

#ifdef __GLIBC__
namespace {

// The most that glibc takes (mallopt(3), M_MMAP_THRESHOLD): above, blocks are mapped as before.
constexpr int kMappedFromBytes = 32 * 1024 * 1024;
// What a thread's memory keeps free at its end.
constexpr int kKeptBytes = 64 * 1024 * 1024;

bool environment_decides() {
  const char* const tunables = std::getenv("GLIBC_TUNABLES");
  return std::getenv("MALLOC_MMAP_THRESHOLD_") != nullptr ||
         std::getenv("MALLOC_TRIM_THRESHOLD_") != nullptr ||
         (tunables != nullptr &&
          std::string_view(tunables).find("glibc.malloc.") != std::string_view::npos);
}

}  // namespace

void keep_freed_memory() {
  if (environment_decides()) return;
  ::mallopt(M_MMAP_THRESHOLD, kMappedFromBytes);
  ::mallopt(M_TRIM_THRESHOLD, kKeptBytes);
}

std::size_t freed_memory() { return ::mallinfo2().fordblks; }

void give_back_freed_memory() { ::malloc_trim(0); }
#else
void keep_freed_memory() {}

std::size_t freed_memory() { return 0; }

void give_back_freed_memory() {}
#endif

}  // namespace appd::machine
