// Signals taken over from the first line of a program until a loop watches them.
//
// Whoever starts a program may have blocked or ignored its signals, and one may come before there
// is a loop to hear it. A held signal does neither harm nor get lost: it is noted, and
// Signals::watch() tells it. Handlers do this rather than a blocked mask, since programs that the
// process starts inherit a mask, and get a handler's signals back as they are by default (exec(2)).
//
// The destructor restores what was before, the mask for the thread that it runs on.
#pragma once

#include <csignal>
#include <utility>
#include <vector>

#include "appd/reactor/posix/owned_fd.h"
#include "appd/reactor/result.h"

namespace appd::reactor {

class HeldSignals {
 public:
  HeldSignals() = default;
  HeldSignals(HeldSignals&& other) noexcept
      : previous_(std::exchange(other.previous_, {})),
        unblocked_(std::exchange(other.unblocked_, {})) {}
  HeldSignals& operator=(HeldSignals&&) = delete;
  ~HeldSignals();

  // From now on each of `signals` is noted, and is not blocked on this thread. Errors: EINVAL for
  // one that cannot be caught; those before it are held.
  [[nodiscard]] Result<void> hold(const std::vector<int>& signals);
  // Each of `signals` whose default would end the process does nothing from now on. Where somebody
  // said already what it does, this stays.
  void disarm(const std::vector<int>& signals);

  // Whether `signo`, which is held, came since then or since the last take().
  static bool take(int signo);
  [[nodiscard]] static bool noted(int signo);
  // A byte is written there for each signal that is noted: one descriptor a process at a time
  // (checked), kNoDescriptor ends it. On return no handler writes to the one before.
  static void wake_through(Descriptor fd);

 private:
  [[nodiscard]] Result<void> install(int signo, void (*handler)(int));

  std::vector<std::pair<int, struct sigaction>> previous_;  // by signal number
  std::vector<int> unblocked_;
};

}  // namespace appd::reactor
