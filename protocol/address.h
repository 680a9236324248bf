// PROTOCOL[+TRANSPORT]://ADDRESS: the one notation for listening and for connecting
// (docs/protocol.md 1).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "appd/protocol/status.h"

namespace appd::protocol {

// What is spoken, by name: any name that an address may have. Who speaks it knows more.
struct Protocol {
  static constexpr std::string_view kApp = "app";
  static constexpr std::string_view kMessageEcho = "message-echo";
  static constexpr std::string_view kFramedEcho = "framed-echo";
  static constexpr std::string_view kRawEcho = "raw-echo";

  Protocol(std::string_view its_name) : name(its_name) {}  // NOLINT: a name is one

  std::string name;

  auto operator<=>(const Protocol&) const = default;
  bool operator==(const Protocol&) const = default;
  bool operator==(std::string_view other) const { return name == other; }
};

enum class TransportKind : std::uint8_t { kTcp, kUnix };

inline constexpr std::string_view kDefaultAddress = "app://127.0.0.1:65432";

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
// Any protocol's name passes that has lower-case letters, digits and hyphens only.
[[nodiscard]] Result<Address> parse_address(std::string_view text);
// Likewise, of a protocol among `known`; the error for another one lists these.
[[nodiscard]] Result<Address> parse_address(std::string_view text,
                                            std::span<const std::string_view> known);
// "protocol must be a, b or c, not "x"".
[[nodiscard]] std::string unknown_protocol(std::string_view name,
                                           std::span<const std::string_view> known);

}  // namespace appd::protocol
