// What a program does beside answering requests: at its start and end, from time to time, and when
// connections come and go. A part of App.
#pragma once

#include <functional>
#include <vector>

#include "appd/daemon/options.h"
#include "appd/servers/program_functions.h"

namespace appd::daemon {

// Filled before the app is served.
class AppLife {
 public:
  using StartFunction = std::function<void(const Options& options)>;
  using StopFunction = std::function<void()>;

  // Called by run() on its thread, in the order of these calls: when the process is the one that
  // will serve (--daemon forks before, and takes no thread of main() along), has its pid file and
  // its log, and before the actions are made and anything is announced. Start threads, open files
  // and connections here. What it throws ends the start: one line, exit code 1.
  void on_start(StartFunction function);
  // Called by run() on its thread, in the reverse order: behind the drain, when no handler runs any
  // more but one that still blocks; also where the start failed behind on_start(). What it throws
  // is logged.
  void on_stop(StopFunction function);
  // Called when a reload has taken effect, on the first loop's thread, with the options that count
  // from now on. What it throws is logged.
  void on_reload(StartFunction function);

  // Calls `function`, which must not block, each `interval` on the first loop's thread, first when
  // one has passed; in a simulated world in its time. What would have been due while the loop was
  // busy is left out; what it throws is logged. Throws std::invalid_argument: an interval of
  // nothing.
  void every(reactor::Duration interval, std::function<void()> function);
  void every(reactor::Duration interval, std::function<void(reactor::TimePoint now)> function);
  // Called on the loop of a connection, of whatever protocol: when it is accepted, before its first
  // request, and when it is gone. What they throw is logged.
  void on_connect(servers::ProgramFunctions::ConnectionFunction function);
  void on_disconnect(servers::ProgramFunctions::ConnectionFunction function);

  // For who serves the app without App::run(): the last three, and what was given to the first
  // three.
  [[nodiscard]] const servers::ProgramFunctions& functions() const { return functions_; }
  void call_start_functions(const Options& options) const;
  void call_stop_functions() const;
  void call_reload_functions(const Options& options) const;

 private:
  std::vector<StartFunction> start_functions_;
  std::vector<StopFunction> stop_functions_;
  std::vector<StartFunction> reload_functions_;
  servers::ProgramFunctions functions_;
};

}  // namespace appd::daemon
