// Every limit of calls through a pool of connections, with its default. Each is of one loop.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "appd/reactor/clock.h"

namespace appd::clients {

struct CallLimits {
  // Calls under way, those included that nobody waits for any more and whose reply is still to
  // come. One more is `overloaded`.
  std::size_t max_calls = 1024;
  // Connections, over all servers; a further one takes the place of one that nobody waits for.
  std::size_t max_channels = 64;
  // Of these, to one server and of one depth; then calls are pipelined.
  std::size_t channels_per_server = 4;
  std::size_t pipeline_depth = 64;                   // requests on one connection without a reply
  std::uint64_t max_reply_bytes = 16 * 1024 * 1024;  // content of a reply
  reactor::Duration connect_timeout = std::chrono::seconds(5);  // each address of a server
  reactor::Duration call_timeout = std::chrono::seconds(30);    // of a call without a deadline
  // Behind a call's deadline, without any progress of the connection: a server that has not
  // answered it by then, and neither takes nor sends anything, will not answer what waits behind it
  // either.
  reactor::Duration reply_grace = std::chrono::seconds(5);
  // A connection that nobody waits for is closed. Shorter than a server's idle time-out (60 s), so
  // that a call seldom meets a connection that is just being closed.
  reactor::Duration idle_time = std::chrono::seconds(15);
  // Before a call is tried again the pause is between half of this and all of it, twice as long
  // each time, up to the longest.
  reactor::Duration first_pause = std::chrono::milliseconds(20);
  reactor::Duration longest_pause = std::chrono::seconds(2);
  // Calls may be tried again so often at once, and for one in ten that succeeded once more: where a
  // server is in trouble, trying again must not make it worse.
  std::size_t retry_budget = 20;
};

}  // namespace appd::clients
