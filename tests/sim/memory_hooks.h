// operator new, operator delete and realloc of the simulation's programs: an allocation fails when
// the world says so, and what operator delete frees is overwritten, so that whoever still uses it
// does not get away with it.
#pragma once

#include "appd/reactor/sim/world.h"

namespace appd::testing {

// Smaller ones never fail: it is a session that there is no memory for.
inline constexpr std::size_t kSessionAllocation = 256;

// Until its destructor: `world` decides about the allocations of this process.
class MemoryHooks {
 public:
  explicit MemoryHooks(reactor::sim::World& world);
  ~MemoryHooks();
  MemoryHooks(const MemoryHooks&) = delete;
  MemoryHooks& operator=(const MemoryHooks&) = delete;
};

}  // namespace appd::testing
