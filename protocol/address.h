// PROTOCOL[+TRANSPORT]://ADDRESS: the one notation for listening and for connecting
// (docs/protocol.md 1).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "appd/protocol/status.h"

namespace appd::protocol {

enum class Protocol : std::uint8_t { kApp, kMessageEcho, kFramedEcho, kRawEcho };
enum class TransportKind : std::uint8_t { kTcp, kUnix };

inline constexpr std::string_view kDefaultAddress = "app://127.0.0.1:65432";

// "app", "message-echo", "framed-echo", "raw-echo".
[[nodiscard]] std::string_view protocol_name(Protocol protocol);

struct Address {
  Protocol protocol = Protocol::kApp;
  TransportKind transport = TransportKind::kTcp;
  // A name or a number, IPv6 without brackets, a zone as in "fe80::1%eth0"; empty: every interface.
  std::string host;
  std::uint16_t port = 0;  // 0: the system chooses
  std::string path;        // of a Unix socket

  // The whole notation; the default transport is left out.
  [[nodiscard]] std::string to_string() const;
  bool operator==(const Address&) const = default;
};

// A bare HOST:PORT is app://HOST:PORT; a zone may be written as in URLs, "[fe80::1%25eth0]".
// Errors: invalid_argument; the text repeats the input and says what is wrong with it ("port must
// be 0 to 65535, not 70000").
[[nodiscard]] Result<Address> parse_address(std::string_view text);

}  // namespace appd::protocol
