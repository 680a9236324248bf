#include "tests/sim/memory_hooks.h"

#include <cstdlib>
#include <cstring>
#include <new>

namespace {

thread_local appd::reactor::sim::World* deciding = nullptr;
constexpr int kFreed = 0xDD;
// Volatile, or the compiler leaves out what is written right before free().
void* (*volatile overwrite)(void*, int, std::size_t) = std::memset;
// In front of each block is its size; the room keeps the block aligned.
constexpr std::size_t kRoom = alignof(std::max_align_t);
static_assert(kRoom >= sizeof(std::size_t));

}  // namespace

// The linker puts these in the place of realloc (CMakeLists.txt): buffers grow by it.
extern "C" void* __real_realloc(void* memory, std::size_t size);
extern "C" void* __wrap_realloc(void* memory, std::size_t size) {
  const bool refused = deciding != nullptr && size >= appd::testing::kSessionAllocation &&
                       deciding->take_refused_growth();
  return refused ? nullptr : __real_realloc(memory, size);
}

void* operator new(std::size_t size) {
  if (deciding != nullptr && size >= appd::testing::kSessionAllocation &&
      deciding->take_refused_allocation()) {
    throw std::bad_alloc();
  }
  void* memory = std::malloc(size + kRoom);
  if (memory == nullptr) throw std::bad_alloc();
  std::memcpy(memory, &size, sizeof size);
  return static_cast<std::byte*>(memory) + kRoom;
}

void operator delete(void* memory) noexcept {
  if (memory == nullptr) return;
  void* block = static_cast<std::byte*>(memory) - kRoom;
  std::size_t size = 0;
  std::memcpy(&size, block, sizeof size);
  overwrite(memory, kFreed, size);
  std::free(block);
}

void operator delete(void* memory, std::size_t) noexcept { operator delete(memory); }

// As the standard library's do, and those of AddressSanitizer do not.
void* operator new[](std::size_t size) { return operator new(size); }
void operator delete[](void* memory) noexcept { operator delete(memory); }
void operator delete[](void* memory, std::size_t) noexcept { operator delete(memory); }

namespace appd::testing {

MemoryHooks::MemoryHooks(reactor::sim::World& world) { deciding = &world; }
MemoryHooks::~MemoryHooks() { deciding = nullptr; }

}  // namespace appd::testing
