// A socket address: IPv4, IPv6 or the path of a Unix socket. A value, cheap to copy (128 bytes).
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "appd/reactor/result.h"

namespace appd::reactor {

// Permissions of a Unix socket's path, unless others are given: its owner and group may connect.
inline constexpr unsigned kSocketMode = 0660;

class Endpoint {
 public:
  // AF_UNSPEC: the address of nothing.
  Endpoint();
  Endpoint(const sockaddr* address, socklen_t length);

  // `host` is a numeric address ("127.0.0.1", "::1", "fe80::1%eth0"); no look-up is done.
  // Errors: invalid_argument.
  [[nodiscard]] static Result<Endpoint> ip(std::string_view host, std::uint16_t port);
  // Every interface: "::" for a dual-stack socket, or "0.0.0.0" where IPv6 is not to be had.
  [[nodiscard]] static Endpoint any_ipv6(std::uint16_t port);
  [[nodiscard]] static Endpoint any_ipv4(std::uint16_t port);
  // Errors: filename_too_long (107 bytes on Linux, unix(7)), invalid_argument for an empty path.
  [[nodiscard]] static Result<Endpoint> unix_path(std::string_view path);

  [[nodiscard]] int family() const { return storage_.ss_family; }
  [[nodiscard]] const sockaddr* address() const {
    return reinterpret_cast<const sockaddr*>(&storage_);
  }
  [[nodiscard]] socklen_t length() const { return length_; }
  // 0 for a Unix socket.
  [[nodiscard]] std::uint16_t port() const;
  void set_port(std::uint16_t port);
  // The address without a port ("::1", "10.0.0.1"), an IPv4-mapped IPv6 one as IPv4: what counts
  // connections per peer. A Unix socket's path.
  [[nodiscard]] std::string host() const;
  // "127.0.0.1:80", "[::1]:80", "/run/app.sock"; a nameless Unix peer is "unix".
  [[nodiscard]] std::string to_string() const;

  // An IPv4-mapped IPv6 address ("::ffff:10.0.0.1") as the IPv4 address that it stands for, which
  // can be listened on and needs no IPv6; every other endpoint as it is.
  [[nodiscard]] Endpoint unmapped() const;
  // A link-local IPv6 address without the interface ("%eth0") that it needs.
  [[nodiscard]] bool lacks_zone() const;

  bool operator==(const Endpoint& other) const;

 private:
  sockaddr_storage storage_;
  socklen_t length_;
};

}  // namespace appd::reactor
