#include "appd/reactor/connection/peer_watch.h"

#include <algorithm>
#include <utility>

#include "appd/reactor/check.h"

namespace appd::reactor {
namespace {

// So many looks within the write time-out, and at least so often.
constexpr int kLooks = 8;
constexpr Duration kLookInterval = std::chrono::seconds(1);

}  // namespace

void PeerWatch::look_later(TimePoint now, Duration write_timeout) {
  next_look_ = now + std::min(kLookInterval, write_timeout / kLooks);
}

void PeerWatch::begin_waiting(TimePoint now, Duration write_timeout) {
  acknowledged_ = kNoLook;
  note_progress(now, write_timeout);
}

void PeerWatch::note_progress(TimePoint now, Duration write_timeout) {
  progress_ = now;
  look_later(now, write_timeout);
}

// Whether more is acknowledged than at the last look. At the first nothing is known of what was
// before, which counts as progress.
bool PeerWatch::advanced(std::size_t unacknowledged) {
  const std::int64_t now = sent_ - static_cast<std::int64_t>(unacknowledged);
  return now > std::exchange(acknowledged_, now);
}

bool PeerWatch::stands_still(std::size_t unacknowledged, TimePoint now, Duration write_timeout) {
  if (advanced(unacknowledged)) {
    note_progress(now, write_timeout);
    return false;
  }
  return now >= progress_ + write_timeout;
}

bool PeerWatch::progressed_since(TimePoint since, std::size_t unacknowledged, bool unsent,
                                 std::size_t kept, TimePoint now) {
  if (unacknowledged == 0 && !unsent) {
    acknowledged_ = kNoLook;
  } else if (advanced(unacknowledged)) {
    progress_ = now;
  }
  if (std::exchange(kept_, kept) != kept) progress_ = now;
  return progress_ > since;
}

void PeerWatch::check_invariant(TimePoint now) const {
  APPD_CHECK(next_look_ <= now + kLookInterval, (next_look_ - now).count());
}

}  // namespace appd::reactor
