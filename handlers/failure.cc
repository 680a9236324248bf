#include "appd/handlers/failure.h"

#include <exception>

#include "appd/protocol/text/utf8.h"

namespace appd::handlers {

namespace {

constexpr std::string_view kInternalText = "the server failed to answer this request";

}  // namespace

void set_failure(Reply& reply, const protocol::Error& error) {
  const Status status = protocol::status_of(error);
  // An action's error may be the system's, or be made of bytes that no JSON text can hold.
  const bool speaks_to_callers = status != Status::kOk && status != Status::kInternal &&
                                 protocol::is_valid_utf8(error.message);
  if (speaks_to_callers) {
    reply.set_error(status, error.message);
  } else {
    set_internal(reply, error.message);
  }
}

void set_internal(Reply& reply, std::string_view detail) {
  reply.set_error(Status::kInternal, kInternalText, detail);
}

void set_thrown(Reply& reply) {
  try {
    throw;
  } catch (const std::exception& thrown) {
    set_internal(reply, thrown.what());
  } catch (...) {
    set_internal(reply, "an exception that is no std::exception");
  }
}

void call_handler(const Handler& handler, const Request& request, Reply& reply) {
  try {
    const Result<void> done = handler(request, reply);
    if (!done) {
      set_failure(reply, done.error());
    } else if (!reply.filled()) {
      set_internal(reply, "the action filled no reply");
    }
  } catch (...) {
    set_thrown(reply);
  }
}

}  // namespace appd::handlers
