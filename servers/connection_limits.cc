#include "servers/connection_limits.h"

namespace appd::servers {

bool ConnectionLimit::full() {
  if (in_use_.load() < limit_) return false;
  refused_.store(true);
  // A release() between the two steps above saw no refusal: it must not go unnoticed.
  return in_use_.load() >= limit_;
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
