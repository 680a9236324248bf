#include "appd/servers/sessions/peer_of.h"

#include <sys/socket.h>

#include "appd/protocol/text/printable_text.h"

namespace appd::servers {

handlers::Peer peer_of(const reactor::Endpoint& endpoint) {
  handlers::Peer peer;
  peer.address = protocol::on_one_line(endpoint.to_string());  // a path may be any bytes
  peer.host = endpoint.family() == AF_UNIX ? "unix" : endpoint.host();
  if (peer.host.empty()) peer.host = peer.address;
  return peer;
}

}  // namespace appd::servers
