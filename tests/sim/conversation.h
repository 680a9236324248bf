// What a peer says on one connection, and what the server must answer: written here from the
// protocol's description, without any code of the project, so that a mistake is not made twice.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "appd/protocol/address.h"
#include "appd/reactor/clock.h"
#include "appd/reactor/sim/random.h"

namespace appd::testing {

// The reply to one request: either these very bytes, or an error message with this status.
struct Expected {
  std::string bytes;
  std::string status;
};

struct Conversation {
  enum class End : std::uint8_t {
    kServerCloses,  // behind the last reply
    kHalfClose,     // the peer ends its sending direction, the server answers all and closes
    kReset,         // the peer breaks off
  };
  enum class Reading : std::uint8_t {
    kAtOnce,
    kSlowly,
    kCrawling,       // never pauses, but the kernel's buffers last it for minutes
    kBehindSending,  // not before all is sent
    kNever,
  };

  std::string kind;
  protocol::Protocol protocol = protocol::Protocol::kApp;
  std::string bytes;                      // all that is sent
  std::vector<std::size_t> request_ends;  // where in `bytes` a request is complete
  std::vector<Expected> replies;          // as many
  End end = End::kServerCloses;
  Reading reading = Reading::kAtOnce;
  std::size_t piece_bytes = 64 * 1024;  // sent at once at most
  reactor::Duration gap{};              // between pieces at most
  std::optional<std::size_t> pause_at;  // a longer rest there, between two requests
  reactor::Duration pause{};
  // Honest peers are owed every reply, then an orderly end.
  bool honest = true;
  // The server is to be rid of it so long after its accept.
  std::optional<reactor::Duration> must_end_within;
};

// `tag`: in every request and so in every reply; no two connections have the same.
[[nodiscard]] Conversation honest_conversation(reactor::sim::Random& random,
                                               protocol::Protocol protocol, std::uint64_t tag,
                                               std::uint64_t max_content);
// Slow-loris, never-reading, half-closing, resetting, silent, garbage or oversized.
[[nodiscard]] Conversation attack(reactor::sim::Random& random, protocol::Protocol protocol,
                                  std::uint64_t tag, std::uint64_t max_content);

// {"byteorder": ..., FIELDS}CONTENT with its prefix, as the protocol's original writes it; `type`
// and `encoding` are the usual four's, `more` goes behind them (", \"x\": 1").
[[nodiscard]] std::string wire_message(const std::string& type, const std::string& encoding,
                                       const std::string& content, const std::string& more = {});
// The whole message in front of `received`; nullopt: not all there, or none.
[[nodiscard]] std::optional<std::size_t> message_length(const std::string& received);
// A reply that keeps the connection open, as the last one of a draining server says it.
[[nodiscard]] std::string closing(const std::string& reply);
// Of a message: the value of its "status", empty where there is none.
[[nodiscard]] std::string message_status(const std::string& message);

[[nodiscard]] std::string random_bytes(reactor::sim::Random& random, std::size_t size);

}  // namespace appd::testing
