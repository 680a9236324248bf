// Where listening sockets and outgoing transports come from: POSIX sockets or a simulated world.
#pragma once

#include <chrono>
#include <climits>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "appd/reactor/any_transport.h"
#include "appd/reactor/endpoint.h"
#include "appd/reactor/result.h"

namespace appd::reactor {

struct ListenOptions {
  int backlog = INT_MAX;    // connections that wait to be accepted; the kernel cuts it to its limit
  bool reuse_port = false;  // SO_REUSEPORT: one socket a loop, the kernel spreads connections
  bool dual_stack = true;   // an IPv6 socket takes IPv4 as well (IPV6_V6ONLY off)
  // With reuse_port: a socket of the same server listens there already. Otherwise an address that
  // anybody listens on is address_in_use, although the system would let us share it.
  bool joins_group = false;
  // Permissions of a Unix socket's path, whatever the umask: connecting needs the right to write.
  // They hold from before it listens.
  unsigned mode = kSocketMode;
};

// What the kernel cuts a backlog to: net.core.somaxconn on Linux, else what sys/socket.h says.
[[nodiscard]] std::size_t max_backlog();

// What accept() found.
enum class AcceptOutcome : std::uint8_t {
  kAccepted,    // `transport` is set
  kWouldBlock,  // nobody is waiting
  kRetry,       // that one connection failed (ECONNABORTED, network errors of accept(2)); go on
  kExhausted,   // no descriptor or memory (EMFILE, ENFILE, ENOBUFS, ENOMEM): wait before the next
};

struct AcceptResult {
  AcceptOutcome outcome = AcceptOutcome::kWouldBlock;
  AnyTransport transport;
  std::error_code error;  // with kRetry and kExhausted
};

class ListeningSocket {
 public:
  virtual ~ListeningSocket() = default;
  [[nodiscard]] virtual Descriptor descriptor() const = 0;
  // Takes one connection, non-blocking, TCP_NODELAY set where there is such a thing.
  [[nodiscard]] virtual AcceptResult accept() = 0;
  // With the port that the system chose for port 0.
  [[nodiscard]] virtual Endpoint local_endpoint() const = 0;
};

class Network {
 public:
  virtual ~Network() = default;
  // Bound and listening, SO_REUSEADDR set. A Unix path that a dead process left behind is replaced,
  // one that somebody serves is address_in_use; the path is removed with the socket.
  // Errors: the system's, "listen on ADDRESS: reason".
  [[nodiscard]] virtual Result<std::unique_ptr<ListeningSocket>> listen(
      const Endpoint& endpoint, const ListenOptions& options) = 0;
  // A transport whose connect is under way or done: wait for writability, then connect_result().
  // Errors: what the system refuses at once (EMFILE, ENETUNREACH, a Unix path without a server).
  [[nodiscard]] virtual Result<AnyTransport> connect(const Endpoint& endpoint) = 0;
  // The addresses of a host by its name, at least one. Blocks; any thread. Unless a network has
  // names of its own, those of the system (resolve_endpoints()). Errors: "resolve HOST: reason".
  [[nodiscard]] virtual Result<std::vector<Endpoint>> look_up(const std::string& host,
                                                              std::uint16_t port);
};

// The system's sockets (network_posix.cc). Stateless; any thread.
Network& posix_network();

}  // namespace appd::reactor
