// Replies of the message protocols, as the request expects them (docs/protocol.md 2.1, 4).
#pragma once

#include <string_view>

#include "appd/protocol/message_header.h"
#include "appd/servers/sessions/session.h"

namespace appd::servers {

// Sends {"result": "Error: TEXT"} as the answer to a message whose header was `header`, as far as
// it was understood; `known` is false where no header came that could say what its sender expects:
// the reply then carries the extension fields, so that the status is told.
void send_error_reply(SessionContext& context, reactor::Connection& connection,
                      const protocol::MessageHeader& header, bool known, protocol::Status status,
                      std::string_view text);

// Sends `reply`, as a request with this header expects it: with extension fields or without.
void send_reply(SessionContext& context, reactor::Connection& connection,
                const protocol::MessageHeader& header, bool extended, bool keep_alive,
                const handlers::Reply& reply);

}  // namespace appd::servers
