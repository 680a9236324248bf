// Delivers Unix signals to a loop as ordinary callbacks, on its thread.
//
// The signal handler only sets a flag and writes into a pipe (self-pipe; signal-safety(7)), so it
// works with every poller. One Signals object a process at a time (checked). Signals of one kind
// that come faster than the loop turns may be told as one, but no kind is lost, and those of one
// turn are told in the order in which they were named. The destructor restores what was before.
#pragma once

#include <csignal>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "reactor/event_loop.h"
#include "reactor/self_pipe.h"

namespace appd::reactor {

class Signals final : private EventSink {
 public:
  // `on_signal(signo)` runs on the loop's thread and must not destroy this object. `loop` outlives
  // it. Errors: the system's (EMFILE; EINVAL for a signal that cannot be caught); then no signal
  // is watched.
  [[nodiscard]] static Result<std::unique_ptr<Signals>> watch(EventLoop& loop,
                                                              std::vector<int> signals,
                                                              std::function<void(int)> on_signal);
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;
  ~Signals();

 private:
  Signals(EventLoop& loop, std::function<void(int)> on_signal, SelfPipe pipe);
  [[nodiscard]] Result<void> install(const std::vector<int>& signals);
  void on_ready(Ready ready) override;

  std::vector<std::pair<int, struct sigaction>> previous_;  // by signal number
  std::function<void(int)> on_signal_;
  SelfPipe pipe_;
  Registration registration_;
};

}  // namespace appd::reactor
