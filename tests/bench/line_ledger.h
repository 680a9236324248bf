// Which cache lines a thread touches, in programs whose accesses to memory the compiler reports:
// what is compiled with -fsanitize=thread calls the functions of line_ledger.cc instead of
// ThreadSanitizer, which is not linked. The C and C++ libraries' own accesses are not seen.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace appd::bench {

// One thread's accesses to one line.
struct LineUse {
  std::uintptr_t line = 0;  // its address
  std::uint64_t reads = 0;
  std::uint64_t writes = 0;
  const void* last = nullptr;  // the instruction behind the last write, or else the last read
};

// A line that several threads touched and at least one of them wrote: whatever it is for, it
// travels between their cores.
struct ContendedLine {
  std::uintptr_t line = 0;
  std::vector<LineUse> uses;  // one a thread

  // Of the threads that touched it least: a line that only one of them uses all the time does not
  // travel.
  [[nodiscard]] std::uint64_t least_accesses() const;
};

// From begin to end, all threads are watched but the one that begins. One recording a process.
void begin_recording();
void end_recording();

// Of the recording that has ended.
[[nodiscard]] std::vector<ContendedLine> contended_lines();
// Lines of several threads that nobody wrote.
[[nodiscard]] std::size_t shared_read_only_lines();

// The function that holds an instruction, as far as the program's symbols tell.
[[nodiscard]] std::string function_of(const void* instruction);

}  // namespace appd::bench
