// Looks at a peer that keeps a connection waiting: whether it makes progress, and, while reading is
// paused, whether it has ended after what is not read.
//
// A peer's progress is what it acknowledges, not only what the kernel takes from us: that may take
// nothing for minutes while a slow reader empties its buffers. It is asked for in looks, eight
// times within the write time-out and at least once a second, and where nobody waits, not at all.
//
// Invariant: as long as something waits for the peer, the next look is at most a second away.
#pragma once

#include <cstddef>
#include <cstdint>

#include "appd/reactor/clock.h"
#include "appd/reactor/connection/read_stops.h"

namespace appd::reactor {

class PeerWatch {
 public:
  // `now` is the loop's in all of these.
  void look_later(TimePoint now, Duration write_timeout);
  [[nodiscard]] TimePoint next_look() const { return next_look_; }

  // Bytes that the system took, from the first that it refused a part of.
  void count_sent(std::size_t bytes) { sent_ += static_cast<std::int64_t>(bytes); }
  // From now on bytes wait to be sent.
  void begin_waiting(TimePoint now, Duration write_timeout);
  // The system took some of them, or the peer acknowledged some.
  void note_progress(TimePoint now, Duration write_timeout);
  // All are sent.
  void end_waiting() { acknowledged_ = kNoLook; }
  // It knows something that a later look needs.
  [[nodiscard]] bool waiting() const { return acknowledged_ != kNoLook; }

  [[nodiscard]] TimePoint last_progress() const { return progress_; }

  // A look: whether there was no progress within `write_timeout`.
  [[nodiscard]] bool stands_still(std::size_t unacknowledged, TimePoint now,
                                  Duration write_timeout);
  // A look for somebody else: whether there was progress since then. That `kept` bytes of input are
  // not as many as at the last one is progress, too.
  [[nodiscard]] bool progressed_since(TimePoint since, std::size_t unacknowledged, bool unsent,
                                      std::size_t kept, TimePoint now);

  // Whether it is to be looked for the peer's end.
  [[nodiscard]] bool looks_for_end(ReadStops stops) const {
    return stops.has(ReadStop::kPaused) && !stops.has(ReadStop::kEndRead) && !end_found_;
  }
  void set_end_found(bool found) { end_found_ = found; }

  // At the end of an event, where something waits for the peer.
  void check_invariant(TimePoint now) const;

 private:
  static constexpr std::int64_t kNoLook = INT64_MIN;
  [[nodiscard]] bool advanced(std::size_t unacknowledged);

  TimePoint progress_{};  // when it was last seen; means something only while it is waited for
  TimePoint next_look_{};
  std::int64_t sent_ = 0;
  // Of these (and of earlier ones: below 0) the peer had acknowledged so many at the last look.
  std::int64_t acknowledged_ = kNoLook;
  std::size_t kept_ = 0;    // at the last progressed_since()
  bool end_found_ = false;  // in this pause
};

}  // namespace appd::reactor
