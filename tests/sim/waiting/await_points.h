// Where a call may wait, what may happen to it there, and how often that was seen.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace appd::testing {

enum class AwaitPoint : std::uint8_t {
  kSleep,     // co_await sleep()
  kTask,      // the same, some coroutines deeper
  kAction,    // co_await call_action(), of an action that waits itself
  kCall,      // co_await call(), of another server
  kOffload,   // co_await offload()
  kHeld,      // a Responder that is answered from elsewhere
  kPosted,    // a Responder that is answered in a function posted to the loop
  kPool,      // queued for the pool
  kPoolHeld,  // a Responder that came out of the pool
  kCount,
};

// Each ends the call that waits, unless it says otherwise.
enum class Cut : std::uint8_t {
  kReset,          // the peer resets
  kClose,          // the peer closes both directions
  kHalfClose,      // the peer ends its sending, the answer comes within the grace: it lives on
  kGrace,          // the same, and the grace is over
  kDeadline,       // the caller's deadline passes
  kDeadlineAt,     // it passes at the instant in which the wait is over: either may win
  kDeadlineAfter,  // it passes shortly behind that: it lives on
  kTimeLimit,      // the action's own time limit passes
  kDrain,          // the server begins to drain: it lives on
  kDrainTimeout,   // --drain-timeout ends it
  kNoMemory,       // the session finds no memory for its next read
  kCount,
};

inline constexpr std::size_t kAwaitPoints = static_cast<std::size_t>(AwaitPoint::kCount);
inline constexpr std::size_t kCuts = static_cast<std::size_t>(Cut::kCount);

[[nodiscard]] std::string_view name_of(AwaitPoint point);
[[nodiscard]] std::string_view name_of(Cut cut);

// How often each cut did at each await point what it says.
class Coverage {
 public:
  void add(AwaitPoint point, Cut cut) { ++cell(point, cut); }
  void add(const Coverage& other);
  [[nodiscard]] std::uint64_t count(AwaitPoint point, Cut cut) const;
  // "POINT: CUT" of the cells that are empty, with a comma between them.
  [[nodiscard]] std::string missing() const;
  // A line a point, a column a cut.
  [[nodiscard]] std::string table() const;

 private:
  [[nodiscard]] std::uint64_t& cell(AwaitPoint point, Cut cut) {
    return cells_[static_cast<std::size_t>(point)][static_cast<std::size_t>(cut)];
  }
  std::array<std::array<std::uint64_t, kCuts>, kAwaitPoints> cells_{};
};

}  // namespace appd::testing
