// What becomes of a handler's failures: the reply they are answered with.
#pragma once

#include <string_view>

#include "appd/handlers/handler.h"

namespace appd::handlers {

// The error's status and text; `internal` where they are not meant for callers: the error is no
// protocol::Status, is `internal`, or its text is not UTF-8. The text is then the detail.
void set_failure(Reply& reply, const protocol::Error& error);

// `internal`, with its reason for the log.
void set_internal(Reply& reply, std::string_view detail);

// Within a catch block: `internal`, with what the exception says as detail.
void set_thrown(Reply& reply);

// Calls `handler` and catches what it throws: `reply` is always filled afterwards.
void call_handler(const Handler& handler, const Request& request, Reply& reply);

}  // namespace appd::handlers
