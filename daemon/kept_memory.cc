#include "appd/daemon/kept_memory.h"

#include <system_error>
#include <utility>

#include "appd/machine/allocator.h"

namespace appd::daemon {

KeptMemory::KeptMemory(reactor::EventLoop& loop, std::function<std::size_t()> needed)
    : loop_(loop),
      needed_(std::move(needed)),
      timer_(reactor::Timer::calling<&KeptMemory::look>(loop.timers(), *this)) {
  machine::keep_freed_memory();
  timer_.arm(loop_.now() + kPeriod);
}

KeptMemory::~KeptMemory() {
  if (giving_back_.joinable()) giving_back_.join();
}

void KeptMemory::look() {
  timer_.arm(loop_.now() + kPeriod);
  if (giving_back_.joinable()) giving_back_.join();  // begun a period ago
  const std::size_t kept = needed_() == 0 ? machine::freed_memory() : 0;
  const bool unused = kept > kSpareBytes && seen_ > kSpareBytes;
  seen_ = kept;
  if (!unused) return;
  try {
    giving_back_ = std::thread(machine::give_back_freed_memory);
  } catch (const std::system_error&) {  // no further thread: the next look will do
  }
}

}  // namespace appd::daemon
