#include "appd/machine/allocator.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <vector>

#include "tests/support/child_process.h"

using namespace appd::machine;
using namespace appd::testing;

namespace {

constexpr std::size_t kBlock = 24 * 1024 * 1024;

std::size_t resident_bytes() {
  std::size_t pages = 0;
  std::ifstream statm("/proc/self/statm");
  statm >> pages >> pages;
  return pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

// What is resident of a block that was used and freed.
std::size_t left_of_a_block() {
  const std::size_t before = resident_bytes();
  std::vector<char>(kBlock, 'x').clear();
  const std::size_t after = resident_bytes();
  return after > before ? after - before : 0;
}

// Sanitizers have allocators of their own, which this says nothing about. (A small block: one that
// was mapped and is freed changes what the library does with the next large one, mallopt(3).)
bool is_the_librarys() {
  void* const block = std::malloc(1000);
  const bool known = freed_memory() > 0;
  std::free(block);
  return known;
}

}  // namespace

// In processes of their own: what an allocator was told stays told.
TEST_CASE("allocator: what is freed stays, until it is given back") {
  const pid_t child = fork_child([] {
    if (!is_the_librarys()) return 0;
    if (left_of_a_block() > kBlock / 2) return 1;  // by default a large block is unmapped
    keep_freed_memory();
    if (left_of_a_block() < kBlock / 2) return 2;
    if (freed_memory() < kBlock) return 3;
    const std::size_t kept = resident_bytes();
    give_back_freed_memory();
    return resident_bytes() + kBlock / 2 < kept ? 0 : 4;
  });
  CHECK(exit_code_of(child) == 0);
}

TEST_CASE("allocator: what the environment says counts") {
  for (const char* name : {"MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_", "GLIBC_TUNABLES"}) {
    CAPTURE(name);
    const pid_t child = fork_child([name] {
      if (!is_the_librarys()) return 0;
      ::setenv(name, "glibc.malloc.mmap_threshold=131072", 1);
      keep_freed_memory();
      return left_of_a_block() > kBlock / 2 ? 1 : 0;
    });
    CHECK(exit_code_of(child) == 0);
  }
}
