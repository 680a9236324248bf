// Every limit of a server (docs/protocol.md, limits), with its default. A flag of appd changes
// each.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "appd/protocol/text/json.h"
#include "appd/reactor/clock.h"

namespace appd::reactor {
std::size_t max_backlog();  // network.h, of which nothing else is used here
}

namespace appd::servers {

struct Limits {
  std::uint64_t max_content = 16 * 1024 * 1024;  // bytes of one message's content
  std::size_t max_connections = 0;               // 0: what the file limit allows, less a reserve
  std::size_t max_connections_per_peer = 0;      // 0: no limit
  reactor::Duration header_timeout = std::chrono::seconds(10);
  reactor::Duration request_timeout = std::chrono::seconds(30);
  reactor::Duration idle_timeout = std::chrono::seconds(60);
  reactor::Duration write_timeout = std::chrono::seconds(30);
  std::size_t write_high_watermark = 1024 * 1024;  // bytes unsent in one session
  std::size_t max_buffered = 1024 * 1024 * 1024;   // bytes over all sessions
  reactor::Duration drain_timeout = std::chrono::seconds(10);
  std::size_t max_pending_calls = 64;  // of one session, that wait for their answer
  std::size_t max_calls = 64 * 1024;   // over all sessions, that wait for their answer
  // Arrays and objects within one another, in a header or a content.
  std::size_t max_nesting = protocol::kDefaultMaxNesting;
  // From the end of what a peer sends to its disconnection, where answers are still owed: it may
  // wait for them with its sending side shut, or be gone.
  reactor::Duration half_close_grace = std::chrono::seconds(1);
  std::size_t pool_threads = 0;                  // for handlers that block; 0: one a CPU
  std::size_t pool_queue = 1024;                 // calls that wait for one of them
  std::size_t backlog = reactor::max_backlog();  // connections that wait to be accepted, a listener
  // A handler that keeps a loop this long is named in the log; 0: never.
  reactor::Duration blocked_loop_warning = std::chrono::milliseconds(100);
};

}  // namespace appd::servers
