// framed-echo once more, as a coroutine: a protocol of a program's own, for worlds that know what
// is to come back.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

#include "appd/handlers/waiting/task.h"
#include "appd/protocol/byte_order.h"
#include "appd/servers/served_protocols.h"
#include "appd/servers/sessions/stream.h"

namespace appd::testing {

inline constexpr std::string_view kStreamedFrames = "streamed-frames";

// `unit`: before a frame comes back it waits so often as its length modulo 4.
inline handlers::Task<void> send_frames_back(servers::Stream peer, reactor::Duration unit) {
  while (auto payload = co_await peer.read_frame()) {
    const reactor::Duration time = unit * (payload->size() % 4);
    if (time > reactor::Duration::zero()) co_await peer.context().sleep(time);
    std::array<std::byte, protocol::kFramePrefixBytes> prefix;
    protocol::store_be16(prefix, static_cast<std::uint16_t>(payload->size()));
    co_await peer.write({reinterpret_cast<const char*>(prefix.data()), prefix.size()});
    co_await peer.write(*payload);
  }
}

// The built-in protocols, and this one.
inline std::shared_ptr<const servers::ServedProtocols> protocols_with_streams(
    reactor::Duration unit) {
  auto protocols = std::make_shared<servers::ServedProtocols>();
  servers::add_built_in_protocols(*protocols);
  protocols->add(kStreamedFrames,
                 servers::session_maker(kStreamedFrames, [unit](servers::Stream peer) {
                   return send_frames_back(peer, unit);
                 }));
  return protocols;
}

}  // namespace appd::testing
