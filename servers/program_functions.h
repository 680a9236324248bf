// What a program does beside answering requests: from time to time, and when connections come and
// go. A function that throws is told in the log, and nothing else happens.
#pragma once

#include <functional>
#include <vector>

#include "appd/reactor/clock.h"

namespace appd::handlers {
struct Peer;
}

namespace appd::servers {

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

}  // namespace appd::servers
