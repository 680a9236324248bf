// Bugs that are planted, one at a time, to prove that the simulated world finds them. No source of
// the project knows of them: a bug is NAME.patch beside this file, which plant.py applies to copies
// that sim_planted_test is built of, with this header in front of each. A patch asks
// `if (planted(PlantedBug::kName))`, so that one program has all bugs, and one of them switched on.
#pragma once

#include <cstdint>
#include <cstring>

namespace appd {

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
  kDeadlineAfterAnswer,  // a deadline still fires when the call is answered
  kStreamRestLost,       // what a coroutine has not read yet is dropped when it does something else
  kStreamImpatient,      // a coroutine that waits for a slow reader counts as one that works
  kSentTriedAgain,       // a call is tried again although the server may have carried it out
  kGivenUpForgotten      // a call that was sent and given up is no longer owed its reply
};

// The test's switch.
inline PlantedBug planted_bug = PlantedBug::kNone;

[[nodiscard]] inline bool planted(PlantedBug bug) { return bug == planted_bug; }

// What counters.patch counts; 0 where it is not applied.
inline std::uint64_t headers_parsed = 0;
inline std::uint64_t late_callbacks = 0;

inline void count_parsed_header() { ++headers_parsed; }
// A delegate is called: late, if it was told that its connection is closed.
inline void count_callback(bool late) { late_callbacks += late ? 1 : 0; }

}  // namespace appd
