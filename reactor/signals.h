// Delivers Unix signals to a loop as ordinary callbacks, on its thread.
//
// The signal handler only writes the number into a pipe (self-pipe; signal-safety(7)), so it works
// with every poller. One Signals object a process at a time (checked). Signals of one kind that
// come faster than the loop turns may be told as one. The destructor restores what was before.
#pragma once

#include <csignal>
#include <functional>
#include <vector>

#include "reactor/event_loop.h"

namespace appd::reactor {

class Signals final : private EventSink {
 public:
  // `on_signal(signo)` runs on the loop's thread. Errors: the system's (EMFILE).
  [[nodiscard]] static Result<std::unique_ptr<Signals>> watch(EventLoop& loop,
                                                              std::vector<int> signals,
                                                              std::function<void(int)> on_signal);
  ~Signals();

 private:
  Signals(EventLoop& loop, std::vector<int> signals, std::function<void(int)> on_signal,
          OwnedFd read_end, OwnedFd write_end);
  void on_ready(Ready ready) override;

  std::vector<int> signals_;
  std::vector<struct sigaction> previous_;
  std::function<void(int)> on_signal_;
  OwnedFd read_end_;
  OwnedFd write_end_;
  Registration registration_;
};

}  // namespace appd::reactor
