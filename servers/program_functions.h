// What a program does beside answering requests: from time to time, and when connections come and
// go. A function that throws is told in the log, and nothing else happens.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "appd/handlers/handler.h"
#include "appd/handlers/peer.h"
#include "appd/handlers/waiting/running_call.h"
#include "appd/logging/log.h"
#include "appd/reactor/event_loop.h"

namespace appd::servers {

class Session;

// Given to a server before it starts, and not changed then.
struct ProgramFunctions {
  using ConnectionFunction = std::function<void(const handlers::Peer& peer)>;
  struct Periodic {
    reactor::Duration interval;  // more than zero
    std::function<void(reactor::TimePoint now)> function;
  };

  std::vector<Periodic> periodic;  // on the first loop
  // On the loop of the connection: when it is accepted, before its first request, and when it is
  // gone. A connection that a limit refuses is neither told to come nor to go.
  std::vector<ConnectionFunction> connect;
  std::vector<ConnectionFunction> disconnect;  // in the reverse order
};

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
