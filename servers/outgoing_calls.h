// How a loop gets its calls to other servers.
#pragma once

#include <functional>
#include <memory>

#include "appd/handlers/waiting/call_services.h"

namespace appd::reactor {
class EventLoop;
class JobRunner;
}  // namespace appd::reactor

namespace appd::servers {

// `pool` may be null, and outlives what is made.
using OutgoingCallsFactory = std::function<std::unique_ptr<handlers::OutgoingCalls>(
    reactor::EventLoop& loop, reactor::JobRunner* pool)>;

}  // namespace appd::servers
