// When a program's functions (program_functions.h) are called. Inside the layer, of one loop.
#pragma once

#include <map>

#include "appd/handlers/handler.h"
#include "appd/handlers/peer.h"
#include "appd/handlers/waiting/running_call.h"
#include "appd/logging/log.h"
#include "appd/reactor/event_loop.h"
#include "appd/servers/program_functions.h"

namespace appd::servers {

class Session;

// Calls a function each interval, first when one has passed, on a loop and in its time. Calls that
// would have been due while the loop was busy are left out.
class PeriodicCall {
 public:
  // All outlive it. On the loop's thread, or before it runs; likewise the destructor. While the
  // function runs, `running` names it.
  PeriodicCall(reactor::EventLoop& loop, handlers::RunningCall& running, logging::Log& log,
               ProgramFunctions::Periodic what);

 private:
  void on_due();

  reactor::EventLoop& loop_;
  handlers::RunningCall& running_;
  logging::Log& log_;
  const ProgramFunctions::Periodic what_;
  handlers::Action named_;  // for the watchdog's line
  reactor::Timer timer_;
};

// Tells the program of one loop's connections. Costs a connection nothing where nobody asks.
class ConnectionEvents {
 public:
  // Both outlive it.
  ConnectionEvents(const ProgramFunctions& functions, logging::Log& log)
      : functions_(functions), log_(log) {}

  [[nodiscard]] bool wanted() const {
    return !functions_.connect.empty() || !functions_.disconnect.empty();
  }
  // Throws std::bad_alloc, and then nobody was told.
  void connected(const Session& session, const handlers::Peer& peer);
  // Does nothing where it was not told to come.
  void disconnected(const Session& session);

 private:
  void call(const ProgramFunctions::ConnectionFunction& function, const handlers::Peer& peer);

  const ProgramFunctions& functions_;
  logging::Log& log_;
  std::map<const Session*, handlers::Peer> there_;
};

}  // namespace appd::servers
