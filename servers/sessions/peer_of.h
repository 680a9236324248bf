// The other end of a connection, as handlers see it.
#pragma once

#include "appd/handlers/peer.h"
#include "appd/reactor/any_transport.h"

namespace appd::servers {

// Asks the system, twice where it is a Unix socket.
[[nodiscard]] handlers::Peer peer_of(const reactor::AnyTransport& transport);

}  // namespace appd::servers
