// What processors move between their cores. Things that one loop writes often and others touch
// begin a line of their own (alignas), so that nothing else travels with them.
#pragma once

#include <cstddef>

namespace appd::reactor {

// Of x86-64 and most ARM cores. std::hardware_destructive_interference_size may differ with
// compiler flags, and with it the layout of what is shared (GCC warns of that).
inline constexpr std::size_t kCacheLineBytes = 64;

}  // namespace appd::reactor
