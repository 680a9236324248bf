// What the C library's allocator does with memory that was freed.
//
// A large message needs megabytes for a moment. By default glibc maps such blocks and unmaps them,
// so that each message pays for page faults again, which cost more than all the rest of it; kept,
// the same pages serve the next one. They are given back when nobody has needed them for a while.
// (mallopt(3), malloc_trim(3). Other C libraries are left as they are.)
#pragma once

#include <cstddef>

namespace appd::machine {

// From now on. Not where the environment says what the allocator is to do (MALLOC_..._,
// GLIBC_TUNABLES).
void keep_freed_memory();

// Bytes that were freed and are kept. 0: none, or the library does not tell.
[[nodiscard]] std::size_t freed_memory();

// Gives them back to the system. Takes milliseconds, in which a thread that allocates may wait.
void give_back_freed_memory();

}  // namespace appd::machine
