#include "appd/reactor/endpoint.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <type_traits>

namespace appd::reactor {
namespace {

// sockaddr_storage is read as what it holds by copying: no aliasing, and it costs nothing.
template <class Address>
Address view_as(const sockaddr* storage) {
  static_assert(std::is_trivially_copyable_v<Address>);
  Address address;
  std::memcpy(&address, storage, sizeof address);
  return address;
}

template <class Address>
Endpoint from(const Address& address) {
  return {reinterpret_cast<const sockaddr*>(&address), sizeof address};
}

Endpoint ipv4(in_addr host, std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr = host;
  return from(address);
}

Endpoint ipv6(const in6_addr& host, std::uint16_t port) {
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_port = htons(port);
  address.sin6_addr = host;
  return from(address);
}

// "fe80::1%eth0" and "fe80::1%2": getaddrinfo knows how to read a zone.
Result<Endpoint> ipv6_with_zone(const std::string& host, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_family = AF_INET6;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICHOST;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), nullptr, &hints, &found) != 0) {
    return fail(std::make_error_code(std::errc::invalid_argument), "not an address: " + host);
  }
  Endpoint endpoint(found->ai_addr, found->ai_addrlen);
  ::freeaddrinfo(found);
  endpoint.set_port(port);
  return endpoint;
}

bool is_mapped_ipv4(const sockaddr_in6& address) {
  return IN6_IS_ADDR_V4MAPPED(&address.sin6_addr);
}

std::string host_of(const sockaddr_in6& address) {
  char text[INET6_ADDRSTRLEN] = "";
  if (is_mapped_ipv4(address)) {
    ::inet_ntop(AF_INET, &address.sin6_addr.s6_addr[12], text, sizeof text);
    return text;
  }
  ::inet_ntop(AF_INET6, &address.sin6_addr, text, sizeof text);
  std::string host = text;
  if (address.sin6_scope_id != 0) {
    char name[IF_NAMESIZE] = "";
    const bool known = ::if_indextoname(address.sin6_scope_id, name) != nullptr;
    host += '%' + (known ? std::string(name) : std::to_string(address.sin6_scope_id));
  }
  return host;
}

}  // namespace

Endpoint::Endpoint() : storage_{}, length_(0) { storage_.ss_family = AF_UNSPEC; }

Endpoint::Endpoint(const sockaddr* address, socklen_t length)
    : storage_{}, length_(std::min(length, static_cast<socklen_t>(sizeof storage_))) {
  std::memcpy(&storage_, address, length_);
}

Result<Endpoint> Endpoint::ip(std::string_view host, std::uint16_t port) {
  const std::string text(host);
  in_addr v4{};
  in6_addr v6{};
  if (host.find('\0') == std::string_view::npos) {
    if (::inet_pton(AF_INET, text.c_str(), &v4) == 1) return ipv4(v4, port);
    if (::inet_pton(AF_INET6, text.c_str(), &v6) == 1) return ipv6(v6, port);
    if (host.find('%') != std::string_view::npos) return ipv6_with_zone(text, port);
  }
  return fail(std::make_error_code(std::errc::invalid_argument), "not an address: " + text);
}

Endpoint Endpoint::any_ipv6(std::uint16_t port) { return ipv6(in6addr_any, port); }

Endpoint Endpoint::any_ipv4(std::uint16_t port) { return ipv4(in_addr{htonl(INADDR_ANY)}, port); }

Result<Endpoint> Endpoint::unix_path(std::string_view path) {
  sockaddr_un address{};
  // An embedded zero would cut the path short; a leading one is a name outside the file system.
  if (path.empty() || path.find('\0') != std::string_view::npos) {
    return fail(std::make_error_code(std::errc::invalid_argument),
                "not a path: \"" + std::string(path) + '"');
  }
  if (path.size() >= sizeof address.sun_path) {
    return fail(std::make_error_code(std::errc::filename_too_long),
                "a socket's path is at most " + std::to_string(sizeof address.sun_path - 1) +
                    " bytes: " + std::string(path));
  }
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, path.size());
  const std::size_t length = offsetof(sockaddr_un, sun_path) + path.size() + 1;
  return Endpoint(reinterpret_cast<const sockaddr*>(&address), static_cast<socklen_t>(length));
}

std::uint16_t Endpoint::port() const {
  if (family() == AF_INET) return ntohs(view_as<sockaddr_in>(address()).sin_port);
  if (family() == AF_INET6) return ntohs(view_as<sockaddr_in6>(address()).sin6_port);
  return 0;
}

void Endpoint::set_port(std::uint16_t port) {
  const in_port_t network_order = htons(port);
  auto* bytes = reinterpret_cast<std::byte*>(&storage_);
  if (family() == AF_INET) {
    std::memcpy(bytes + offsetof(sockaddr_in, sin_port), &network_order, sizeof network_order);
  } else if (family() == AF_INET6) {
    std::memcpy(bytes + offsetof(sockaddr_in6, sin6_port), &network_order, sizeof network_order);
  }
}

std::string Endpoint::host() const {
  if (family() == AF_INET) {
    const auto v4 = view_as<sockaddr_in>(address());
    char text[INET_ADDRSTRLEN] = "";
    ::inet_ntop(AF_INET, &v4.sin_addr, text, sizeof text);
    return text;
  }
  if (family() == AF_INET6) return host_of(view_as<sockaddr_in6>(address()));
  if (family() == AF_UNIX) {
    // Without a zero at the end when the path fills the field (unix(7), BUGS).
    const auto local = view_as<sockaddr_un>(address());
    return {local.sun_path, ::strnlen(local.sun_path, sizeof local.sun_path)};
  }
  return {};
}

std::string Endpoint::to_string() const {
  const std::string host_text = host();
  if (family() == AF_UNIX) return host_text.empty() ? "unix" : host_text;
  if (family() != AF_INET && family() != AF_INET6) return "unspecified";
  const bool needs_brackets = host_text.find(':') != std::string::npos;
  return (needs_brackets ? '[' + host_text + ']' : host_text) + ':' + std::to_string(port());
}

Endpoint Endpoint::unmapped() const {
  if (family() != AF_INET6) return *this;
  const auto v6 = view_as<sockaddr_in6>(address());
  if (!is_mapped_ipv4(v6)) return *this;
  in_addr host{};
  std::memcpy(&host, &v6.sin6_addr.s6_addr[12], sizeof host);
  return ipv4(host, port());
}

bool Endpoint::lacks_zone() const {
  if (family() != AF_INET6) return false;
  const auto v6 = view_as<sockaddr_in6>(address());
  return v6.sin6_scope_id == 0 && IN6_IS_ADDR_LINKLOCAL(&v6.sin6_addr);
}

// By what an address means: padding, flow labels and lengths differ between systems.
bool Endpoint::operator==(const Endpoint& other) const {
  if (family() != other.family()) return false;
  if (family() == AF_INET) {
    const auto a = view_as<sockaddr_in>(address());
    const auto b = view_as<sockaddr_in>(other.address());
    return a.sin_port == b.sin_port && a.sin_addr.s_addr == b.sin_addr.s_addr;
  }
  if (family() == AF_INET6) {
    const auto a = view_as<sockaddr_in6>(address());
    const auto b = view_as<sockaddr_in6>(other.address());
    return a.sin6_port == b.sin6_port && a.sin6_scope_id == b.sin6_scope_id &&
           std::memcmp(&a.sin6_addr, &b.sin6_addr, sizeof a.sin6_addr) == 0;
  }
  return port() == other.port() && host() == other.host();
}

}  // namespace appd::reactor
