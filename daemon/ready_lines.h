// Says on standard output that the server is ready, without ever waiting for it: a pipe that is
// full because nobody reads must stop neither the loop nor the signals. The lines then follow when
// there is room.
#pragma once

#include <string>

#include "appd/reactor/event_loop.h"

namespace appd::daemon {

class ReadyLines {
 public:
  // `loop`, whose thread this is, outlives it.
  ReadyLines(reactor::EventLoop& loop, std::string lines);
  ReadyLines(const ReadyLines&) = delete;
  ReadyLines& operator=(const ReadyLines&) = delete;

  // Writes what there is room for; the loop does the rest. Throws StartError: standard output takes
  // nothing, and never will (a full disk, a pipe whose reader is gone). Where that shows later, the
  // rest is dropped: then the server serves already.
  void say();

 private:
  // 0, or the errno. EAGAIN: there is no room now.
  [[nodiscard]] int write_some();
  void say_more();

  reactor::EventLoop& loop_;
  std::string rest_;
  reactor::Timer timer_;
};

}  // namespace appd::daemon
