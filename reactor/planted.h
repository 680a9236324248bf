// Bugs that tests plant, one at a time, to prove that the simulated world finds them. In every
// other build planted() is false at compile time, and nothing of a bug is left in the program.
//
// tests/sim compiles the layers a second time with APPD_PLANTED_BUGS; each case here is asked for
// at one place, by `if (planted(PlantedBug::kName))`.
#pragma once

#include <cstdint>

namespace appd::reactor {

enum class PlantedBug : std::uint8_t {
  kNone,
  kFreedInCallback,     // a connection that breaks is freed at once, within its own callback
  kLostWakeup,          // post() does not wake the loop
  kStaleEvent,          // events are dispatched whatever their token's generation is
  kSlotReused,          // a slot is given out again without a new generation
  kWatchLeft,           // a descriptor is closed while the poller still watches it
  kEndDropsData,        // an end of stream hides data that came before it
  kExhaustedSpins,      // without descriptors the listener tries again at once
  kWatermarkStuck,      // a session above the high watermark never reads again
  kTimerNotCancelled,   // a message's time limit stays when the message is complete
  kNoIdleTimeout,       // nothing ends a connection that says nothing
  kShortWriteLoses,     // what a short write left over is not sent
  kDrainTooEarly,       // a drain closes without a look at what has arrived
  kLingerSkipped,       // a close does not wait for the peer's end
  kLengthBelieved,      // memory for a whole message is taken on the word of its header
  kHeaderParsedAgain,   // a header is parsed anew with each piece of the content
  kWriteTimeoutMissed,  // a peer that never reads is never given up
  kProgressAtTheDoor,   // a slow reader's progress is only what the kernel takes from us
  kKeepsWhenDraining,   // the last reply of a drain says keep-alive, and the end comes all the same
  kRepliesOutOfOrder,   // a later request that is done first is answered first
  kLateAnswerLands,     // an answer goes to whoever has the place of a call that is gone
  kCalledWhenClosed,    // a session hears of its sent bytes although it was told that it is closed
  kChargeKept,          // memory of what the pool decoded counts for ever
  kDeadlineAfterAnswer  // a deadline still fires when the call is answered
};

#ifdef APPD_PLANTED_BUGS

// The test's switch, and what it counts.
inline PlantedBug planted_bug = PlantedBug::kNone;
inline std::uint64_t headers_parsed = 0;
inline std::uint64_t late_callbacks = 0;

[[nodiscard]] inline bool planted(PlantedBug bug) { return bug == planted_bug; }
inline void count_parsed_header() { ++headers_parsed; }
// A delegate is called: late, if it was told that its connection is closed.
inline void count_callback(bool late) { late_callbacks += late ? 1 : 0; }

#else

[[nodiscard]] constexpr bool planted(PlantedBug /*bug*/) { return false; }
constexpr void count_parsed_header() {}
constexpr void count_callback(bool /*late*/) {}

#endif

}  // namespace appd::reactor
