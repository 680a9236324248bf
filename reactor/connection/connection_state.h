// What a connection still does, from its beginning to its end.
//
//   kOpen -- finish_sending() --> kFinishing -- all sent --> kHalfClosed
//     |                               |                           |
//     '---------- close() ------------+---------------------------'
//                    v
//               kFlushing -- all sent --> kGlancing -- a moment --> kLingering
//                                             |                         |
//                                             '-- the peer's end, time -+--> kClosed
//
//   every state -- abort(), a broken stream, a time-out --> kBroken
//   kClosed, kBroken -- on_closed() --> kReported
//
// From kFlushing and kHalfClosed it goes to kLingering at once where the poller watches it already.
#pragma once

#include <cstdint>

namespace appd::reactor {

enum class ConnectionState : std::uint8_t {
  kOpen,        // both directions carry bytes
  kFinishing,   // finish_sending() was called: unsent bytes and our end go out; it still reads
  kHalfClosed,  // our end is sent; it still reads
  kFlushing,    // close() was called: unsent bytes and our end go out; what arrives is discarded
  kGlancing,    // our end is sent; nobody watches before the first look for the peer's
  kLingering,   // our end is sent; what arrives is discarded, until the peer's end
  kClosed,      // in order; nothing moves any more, and on_closed() will say so
  kBroken,      // likewise, but not in order; on_closed() will say why
  kReported,    // on_closed() was called
};

constexpr bool is_open(ConnectionState state) { return state <= ConnectionState::kHalfClosed; }
constexpr bool is_closed(ConnectionState state) { return state >= ConnectionState::kClosed; }
// Whether our end follows what is written now.
constexpr bool our_end_follows(ConnectionState state) {
  return state == ConnectionState::kFinishing || state == ConnectionState::kFlushing;
}
constexpr bool waits_for_peers_end(ConnectionState state) {
  return state == ConnectionState::kGlancing || state == ConnectionState::kLingering;
}

}  // namespace appd::reactor
