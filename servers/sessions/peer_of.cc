#include "appd/servers/sessions/peer_of.h"

#include <sys/socket.h>

#include <string>

#include "appd/protocol/text/printable_text.h"

namespace appd::servers {

handlers::Peer peer_of(const reactor::AnyTransport& transport) {
  const reactor::Endpoint endpoint = transport.peer_endpoint();
  handlers::Peer peer;
  peer.address = protocol::on_one_line(endpoint.to_string());  // a path may be any bytes
  peer.host = endpoint.family() == AF_UNIX ? "unix" : endpoint.host();
  if (peer.host.empty()) peer.host = peer.address;
  if (endpoint.family() != AF_UNIX) return peer;
  if (const auto process = transport.peer_process()) {
    const std::string uid = " uid=" + std::to_string(process->uid);
    if (process->pid) peer.address += " pid=" + std::to_string(*process->pid);
    peer.address += uid;
    peer.host += uid;
  }
  return peer;
}

}  // namespace appd::servers
