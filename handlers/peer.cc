// A file of its own: who never asks for a peer, a plugin for one, has none of this twice.
#include "appd/handlers/peer.h"

#include "appd/handlers/handler.h"

namespace appd::handlers {

namespace {

const Peer& nobody() {
  static const Peer peer;
  return peer;
}

}  // namespace

const Peer& PeerSource::peer() { return nobody(); }

reactor::TimePoint PeerSource::now() { return reactor::steady_clock().now(); }

reactor::TimePoint Request::now() const {
  return source != nullptr ? source->now() : reactor::steady_clock().now();
}

const Peer& Request::peer() const { return source != nullptr ? source->peer() : nobody(); }

}  // namespace appd::handlers
