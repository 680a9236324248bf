// Delivers Unix signals to a loop as ordinary callbacks, on its thread.
//
// The signal handler only sets a flag and writes into a pipe (self-pipe; signal-safety(7)), so it
// works with every poller. One Signals object a process at a time (checked). Signals of one kind
// that come faster than the loop turns may be told as one, but no kind is lost, and those of one
// turn are told in the order in which they were named. The destructor restores what was before.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "appd/reactor/event_loop.h"
#include "appd/reactor/posix/held_signals.h"
#include "appd/reactor/posix/self_pipe.h"

namespace appd::reactor {

class Signals final : private EventSink {
 public:
  // `on_signal(signo)` runs on the loop's thread and must not destroy this object. `loop` outlives
  // it. What was inherited does not count: ignored signals are watched, and blocked ones unblocked
  // on this thread. Where they were held before (HeldSignals), those that came since are told in
  // the first turn. Errors: the system's (EMFILE; EINVAL for a signal that cannot be caught); then
  // no signal is watched.
  [[nodiscard]] static Result<std::unique_ptr<Signals>> watch(EventLoop& loop,
                                                              std::vector<int> signals,
                                                              std::function<void(int)> on_signal);
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;
  ~Signals();

 private:
  Signals(EventLoop& loop, std::vector<int> signals, std::function<void(int)> on_signal,
          SelfPipe pipe);
  void on_ready(Ready ready) override;

  const std::vector<int> signals_;
  std::function<void(int)> on_signal_;
  SelfPipe pipe_;
  Registration registration_;
  HeldSignals held_;
};

}  // namespace appd::reactor
