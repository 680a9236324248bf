// Names to addresses, by getaddrinfo(3). Blocks: for start-up and for clients, never for a loop
// that serves.
#pragma once

#include <cstdint>
#include <string>
#include <system_error>
#include <vector>

#include "appd/reactor/endpoint.h"
#include "appd/reactor/result.h"

namespace appd::reactor {

struct ResolvedAddress {
  Endpoint endpoint;
  int socket_type = 0;         // SOCK_STREAM ...
  int protocol = 0;            // IPPROTO_TCP ...
  std::string canonical_name;  // of the first address only, when asked for
};

struct ResolveOptions {
  bool streams_only = true;     // SOCK_STREAM; else every kind of socket
  bool passive = false;         // an empty host is every interface (AI_PASSIVE), else this machine
  bool canonical_name = false;  // AI_CANONNAME
};

// `service` is a port number or a name of services(5); may be empty. In the order that getaddrinfo
// gives (RFC 6724), without repetitions. Errors: of resolver_category(), "resolve HOST: reason".
[[nodiscard]] Result<std::vector<ResolvedAddress>> resolve(const std::string& host,
                                                           const std::string& service,
                                                           const ResolveOptions& options);

// Where streams to `host` and `port` go, at least one address: those of resolve(), IPv4 ones as
// such where they came mapped into IPv6. An empty host is this machine.
[[nodiscard]] Result<std::vector<Endpoint>> resolve_endpoints(const std::string& host,
                                                              std::uint16_t port);

// EAI_ values of netdb.h.
const std::error_category& resolver_category();

}  // namespace appd::reactor
