#include "appd/reactor/connection/inbound.h"

#include <algorithm>
#include <cstring>

#include "appd/reactor/check.h"

namespace appd::reactor {
namespace {

// A kept rest of at most this size is copied in front of the next read, which then goes into the
// loop's buffer; a larger one grows in place.
constexpr std::size_t kSmallRestBytes = 4 * 1024;
// What is kept grows (to twice of it) when less room than this is left for a read.
constexpr std::size_t kLeastRoomBytes = 4 * 1024;

}  // namespace

// A small rest is copied in front of the next read; one that is larger, or whose message is larger
// than the loop's buffer, is received in its place.
Inbound::Target Inbound::target(std::span<std::byte> shared) {
  const std::size_t kept = size();
  if (kept <= kSmallRestBytes) {
    // What cannot be complete with this read is kept afterwards without a look at the copy.
    const bool may_complete = kept > 0 && wanted_ <= shared.size();
    if (may_complete) std::memcpy(shared.data(), bytes().data(), kept);
    return {shared.subspan(kept), false};
  }
  const std::size_t still = missing(shared.size());
  if (buffer_.room() < std::min(still, kLeastRoomBytes)) {
    (void)buffer_.reserve(std::min(still, kept));
  }
  const std::size_t most = std::min({buffer_.room(), still, shared.size()});
  return {buffer_.reserve(most).first(most), true};
}

void Inbound::keep(std::span<const std::byte> fresh) {
  if (fresh.empty()) return;
  buffer_.append(fresh);
}

void Inbound::keep_rest(std::span<const std::byte> all, std::size_t fresh, Consumed consumed) {
  wanted_ = consumed.wanted;
  if (consumed.bytes == 0) {
    keep(all.last(fresh));
  } else {
    buffer_.release();
    keep(all.subspan(consumed.bytes));
  }
}

void Inbound::consume(Consumed consumed) {
  wanted_ = consumed.wanted;
  if (!buffer_.empty()) buffer_.consume(consumed.bytes);
}

void Inbound::discard() {
  buffer_.release();
  wanted_ = 0;
  again_ = false;
}

void Inbound::check_invariant(bool open) const {
  APPD_CHECK(open || (empty() && wanted_ == 0), size(), wanted_);
  APPD_CHECK(!again_ || !empty());
}

}  // namespace appd::reactor
