// Replies of the message protocols, as the request expects them (docs/protocol.md 2.1, 4).
#pragma once

#include <string_view>

#include "appd/handlers/handler.h"
#include "appd/protocol/status.h"
#include "appd/reactor/clock.h"
#include "appd/reactor/connection/connection.h"
#include "appd/servers/sessions/session_context.h"

namespace appd::servers {

// What a reply has to know of its request.
struct Asked {
  bool extended = false;             // it carries the extension fields
  bool keep_alive = false;           // the connection stays, unless the status closes it
  std::string_view request_id = {};  // as it was sent; empty: none
  std::string_view action = {};      // for logs: a registered name; empty: none was found
  reactor::TimePoint began = {};     // for logs: when the request was there
};

// Sends `reply`, as it was asked for. False: the connection does not stay, its owner closes it.
bool send_reply(SessionContext& context, reactor::Connection& connection, const Asked& asked,
                handlers::Reply& reply);

// Likewise {"result": "Error: TEXT"}, which is in error_reply of the context afterwards.
void send_error_reply(SessionContext& context, reactor::Connection& connection, const Asked& asked,
                      protocol::Status status, std::string_view text);

}  // namespace appd::servers
