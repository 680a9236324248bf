// What all sessions of one loop share, by what it is for. Filled by name; outlives them.
#pragma once

#include <cstdint>
#include <string_view>
#include <system_error>

#include "appd/handlers/dispatch.h"
#include "appd/logging/limited_lines.h"
#include "appd/logging/log.h"
#include "appd/protocol/message_decoder.h"
#include "appd/protocol/reply_header.h"
#include "appd/reactor/connection/connection_delegate.h"
#include "appd/reactor/memory/slab.h"
#include "appd/servers/calls/call_environment.h"
#include "appd/servers/drain_report.h"
#include "appd/servers/limits.h"
#include "appd/servers/metrics.h"

namespace appd::servers {

class Session;

// Where a session lives, in its owner's slab.
using Seat = reactor::Slab::Cell;

class SessionOwner {
 public:
  // The session's last word; it is to be handed to EventLoop::retire().
  virtual void on_session_closed(Session& session, std::error_code reason) = 0;
  // The session there is destroyed.
  virtual void free_seat(Seat seat) noexcept = 0;
  // The name of what is spoken there.
  [[nodiscard]] virtual std::string_view protocol_of(Seat seat) const = 0;

 protected:
  ~SessionOwner() = default;
};

// From bytes to replies.
struct MessageWork {
  const protocol::DecodeLimits& limits;
  protocol::DecodeContext& decode;
  handlers::Dispatcher& dispatcher;
  CallEnvironment& calls;
  protocol::ReplyHeader reply_header = {};
  handlers::Reply error_reply = {};  // scratch
};

// For those who look on.
struct SessionLog {
  logging::Log& log;
  logging::LimitedLines& limited_lines;
  bool each_answer = false;  // a line for each answer of app
};

// The server's way to its end.
struct Drain {
  bool under_way = false;
  reactor::TimePoint began = {};
  DrainReport report = {};
};

// Connections get numbers for the logs: this worker's next, and the step to the one after.
struct ConnectionNumbers {
  std::uint64_t next = 1;
  std::uint64_t step = 1;
};

struct SessionParts {
  const Limits& limits;
  Metrics& metrics;
  SessionOwner& owner;
  MessageWork messages;
  SessionLog log;
  ConnectionNumbers numbers = {};
  Drain drain = {};
};

// A session has no reference to it but by its connection, which knows the first half.
struct SessionContext : reactor::ConnectionContext, SessionParts {};

// What a session is made of. Only its base class looks into it.
struct SessionStart {
  SessionContext& context;
  Seat seat;
  reactor::AnyTransport transport;
};

}  // namespace appd::servers
