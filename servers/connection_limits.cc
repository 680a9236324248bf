#include "appd/servers/connection_limits.h"

namespace appd::servers {

bool ConnectionLimit::try_acquire() {
  std::size_t in_use = in_use_.load();
  for (bool told = false;;) {
    while (in_use < limit_) {
      if (in_use_.compare_exchange_weak(in_use, in_use + 1)) return true;
    }
    if (told) return false;
    // A release() before this saw no refusal: it must not go unnoticed, and so it is looked again.
    refused_.store(true);
    told = true;
    in_use = in_use_.load();
  }
}

bool ConnectionLimit::release() {
  in_use_.fetch_sub(1);
  return refused_.load() && refused_.exchange(false);
}

bool PeerLimit::try_acquire(const std::string& peer) {
  if (!enabled()) return true;
  const std::lock_guard lock(mutex_);
  std::size_t& count = counts_[peer];
  if (count >= limit_) return false;
  ++count;
  return true;
}

void PeerLimit::release(const std::string& peer) {
  if (!enabled()) return;
  const std::lock_guard lock(mutex_);
  const auto found = counts_.find(peer);
  if (found != counts_.end() && --found->second == 0) counts_.erase(found);
}

}  // namespace appd::servers
