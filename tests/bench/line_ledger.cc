#include "tests/bench/line_ledger.h"

#include <cxxabi.h>
#include <dlfcn.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <mutex>

#include "appd/reactor/memory/cache_line.h"

namespace appd::bench {
namespace {

using reactor::kCacheLineBytes;

// Lines a thread may touch within a recording; a power of two.
constexpr std::size_t kLedgerLines = std::size_t{1} << 18;

std::atomic<bool> recording = false;
thread_local bool left_out = false;

// One thread's. An open table: the hooks must not call what is itself watched.
class Ledger {
 public:
  void note(std::uintptr_t line, bool write, const void* caller) {
    std::size_t place = (line / kCacheLineBytes * 0x9E3779B97F4A7C15u) >> 40 & (kLedgerLines - 1);
    while (uses_[place].line != line && uses_[place].line != 0) {
      place = (place + 1) & (kLedgerLines - 1);
    }
    LineUse& use = uses_[place];
    if (use.line == 0 && ++used_ > kLedgerLines / 2) {
      std::fputs("line_ledger: too many lines\n", stderr);
      std::abort();
    }
    use.line = line;
    if (write || use.writes == 0) use.last = caller;
    ++(write ? use.writes : use.reads);
  }
  [[nodiscard]] const std::vector<LineUse>& uses() const { return uses_; }

 private:
  std::vector<LineUse> uses_ = std::vector<LineUse>(kLedgerLines);
  std::size_t used_ = 0;
};

struct Ledgers {
  std::mutex mutex;
  std::vector<std::unique_ptr<Ledger>> all;  // guarded by mutex; threads may end before
};

Ledgers& ledgers() {
  static Ledgers the_ledgers;
  return the_ledgers;
}

Ledger& my_ledger() {
  thread_local Ledger* mine = nullptr;
  if (mine == nullptr) {
    auto fresh = std::make_unique<Ledger>();
    mine = fresh.get();
    const std::lock_guard lock(ledgers().mutex);
    ledgers().all.push_back(std::move(fresh));
  }
  return *mine;
}

void note(const volatile void* address, std::size_t bytes, bool write, const void* caller) {
  if (bytes == 0 || !recording.load(std::memory_order_relaxed) || left_out) return;
  const auto first = reinterpret_cast<std::uintptr_t>(address) & ~(kCacheLineBytes - 1);
  const auto last =
      (reinterpret_cast<std::uintptr_t>(address) + bytes - 1) & ~(kCacheLineBytes - 1);
  for (std::uintptr_t line = first; line <= last; line += kCacheLineBytes) {
    my_ledger().note(line, write, caller);
  }
}

// The lines that more than one thread touched.
std::map<std::uintptr_t, ContendedLine> shared_lines() {
  std::map<std::uintptr_t, ContendedLine> lines;
  const std::lock_guard lock(ledgers().mutex);
  for (const auto& ledger : ledgers().all) {
    for (const LineUse& use : ledger->uses()) {
      if (use.line == 0) continue;
      lines[use.line].line = use.line;
      lines[use.line].uses.push_back(use);
    }
  }
  std::erase_if(lines, [](const auto& entry) { return entry.second.uses.size() < 2; });
  return lines;
}

bool written(const ContendedLine& line) {
  return std::any_of(line.uses.begin(), line.uses.end(),
                     [](const LineUse& use) { return use.writes > 0; });
}

}  // namespace

std::uint64_t ContendedLine::least_accesses() const {
  std::uint64_t least = UINT64_MAX;
  for (const LineUse& use : uses) least = std::min(least, use.reads + use.writes);
  return least;
}

void begin_recording() {
  left_out = true;
  recording.store(true);
}
void end_recording() { recording.store(false); }

std::vector<ContendedLine> contended_lines() {
  std::vector<ContendedLine> contended;
  for (auto& [line, uses] : shared_lines()) {
    if (written(uses)) contended.push_back(std::move(uses));
  }
  return contended;
}

std::size_t shared_read_only_lines() {
  const auto lines = shared_lines();
  return static_cast<std::size_t>(std::count_if(
      lines.begin(), lines.end(), [](const auto& entry) { return !written(entry.second); }));
}

std::string function_of(const void* instruction) {
  Dl_info info{};
  if (::dladdr(instruction, &info) == 0 || info.dli_sname == nullptr) return "?";
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> name(
      abi::__cxa_demangle(info.dli_sname, nullptr, nullptr, &status), &std::free);
  return status == 0 ? name.get() : info.dli_sname;
}

}  // namespace appd::bench

// What GCC calls (gcc/sanitizer.def)
// ---------------------------------------------------------------

using appd::bench::note;

#define APPD_HOOK void
#define APPD_ACCESS(BYTES)                                    \
  APPD_HOOK __tsan_read##BYTES(void* address) {               \
    note(address, BYTES, false, __builtin_return_address(0)); \
  }                                                           \
  APPD_HOOK __tsan_write##BYTES(void* address) {              \
    note(address, BYTES, true, __builtin_return_address(0));  \
  }

#define APPD_FETCH(BITS, TYPE, NAME)                                            \
  TYPE __tsan_atomic##BITS##_fetch_##NAME(volatile TYPE* at, TYPE value, int) { \
    note(at, sizeof(TYPE), true, __builtin_return_address(0));                  \
    return __atomic_fetch_##NAME(at, value, __ATOMIC_SEQ_CST);                  \
  }
#define APPD_COMPARE(BITS, TYPE, NAME, WEAK)                                            \
  bool __tsan_atomic##BITS##_compare_exchange_##NAME(volatile TYPE* at, TYPE* expected, \
                                                     TYPE value, int, int) {            \
    note(at, sizeof(TYPE), true, __builtin_return_address(0));                          \
    return __atomic_compare_exchange_n(at, expected, value, WEAK, __ATOMIC_SEQ_CST,     \
                                       __ATOMIC_SEQ_CST);                               \
  }
#define APPD_ATOMICS(BITS, TYPE)                                            \
  TYPE __tsan_atomic##BITS##_load(const volatile TYPE* at, int) {           \
    note(at, sizeof(TYPE), false, __builtin_return_address(0));             \
    return __atomic_load_n(at, __ATOMIC_SEQ_CST);                           \
  }                                                                         \
  void __tsan_atomic##BITS##_store(volatile TYPE* at, TYPE value, int) {    \
    note(at, sizeof(TYPE), true, __builtin_return_address(0));              \
    __atomic_store_n(at, value, __ATOMIC_SEQ_CST);                          \
  }                                                                         \
  TYPE __tsan_atomic##BITS##_exchange(volatile TYPE* at, TYPE value, int) { \
    note(at, sizeof(TYPE), true, __builtin_return_address(0));              \
    return __atomic_exchange_n(at, value, __ATOMIC_SEQ_CST);                \
  }                                                                         \
  APPD_FETCH(BITS, TYPE, add)                                               \
  APPD_FETCH(BITS, TYPE, sub)                                               \
  APPD_FETCH(BITS, TYPE, and)                                               \
  APPD_FETCH(BITS, TYPE, or)                                                \
  APPD_COMPARE(BITS, TYPE, strong, false)                                   \
  APPD_COMPARE(BITS, TYPE, weak, true)

extern "C" {
void __tsan_init() {}
void __tsan_func_entry(void*) {}
void __tsan_func_exit() {}
APPD_ACCESS(1)
APPD_ACCESS(2)
APPD_ACCESS(4)
APPD_ACCESS(8)
APPD_ACCESS(16)
APPD_HOOK __tsan_read_range(void* address, unsigned long bytes) {
  note(address, bytes, false, __builtin_return_address(0));
}
APPD_HOOK __tsan_write_range(void* address, unsigned long bytes) {
  note(address, bytes, true, __builtin_return_address(0));
}
APPD_HOOK __tsan_vptr_update(void** address, void*) {
  note(address, sizeof(void*), true, __builtin_return_address(0));
}
APPD_ATOMICS(8, std::uint8_t)
APPD_ATOMICS(16, std::uint16_t)
APPD_ATOMICS(32, std::uint32_t)
APPD_ATOMICS(64, std::uint64_t)
void __tsan_atomic_thread_fence(int) { __atomic_thread_fence(__ATOMIC_SEQ_CST); }
void __tsan_atomic_signal_fence(int) {}
}
