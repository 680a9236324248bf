// The other end of a connection, as handlers see it.
#pragma once

#include "appd/handlers/peer.h"
#include "appd/reactor/endpoint.h"

namespace appd::servers {

[[nodiscard]] handlers::Peer peer_of(const reactor::Endpoint& endpoint);

}  // namespace appd::servers
