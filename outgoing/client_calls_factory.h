// What gives an App its calls to other servers.
#pragma once

#include "appd/clients/pool/call_limits.h"
#include "appd/servers/outgoing_calls.h"

namespace appd::outgoing {

using clients::CallLimits;

// For App::use_outgoing_calls(); every appd::App has these by default. Each loop makes a
// ClientCalls (client_calls.h) of its own.
[[nodiscard]] servers::OutgoingCallsFactory client_calls(const CallLimits& limits = {});

}  // namespace appd::outgoing
