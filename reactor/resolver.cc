#include "appd/reactor/resolver.h"

#include <netdb.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <string_view>

namespace appd::reactor {
namespace {

class ResolverCategory final : public std::error_category {
 public:
  const char* name() const noexcept override { return "resolver"; }
  std::string message(int code) const override { return ::gai_strerror(code); }
};

struct FreeAddressInfo {
  void operator()(addrinfo* list) const { ::freeaddrinfo(list); }
};
using AddressList = std::unique_ptr<addrinfo, FreeAddressInfo>;

// Why "fe80::1%eth7" is no address, which getaddrinfo does not tell; empty: for no reason of its
// zone.
std::string zone_error(const std::string& host) {
  const std::size_t percent = host.find('%');
  if (percent == std::string::npos) return "";
  const auto number = Endpoint::ip(host.substr(0, percent), 0);
  if (!number || number->family() != AF_INET6) return "";
  if (!number->lacks_zone()) return "only a link-local address (fe80::) has a zone";
  return "there is no interface " + host.substr(percent + 1);
}

tl::unexpected<Error> resolve_failure(int code, int errno_value, const std::string& what) {
  if (code == EAI_SYSTEM) return system_failure(errno_value, "resolve " + what);
  const std::error_code error(code, resolver_category());
  const std::string zone = zone_error(what);
  return fail(error, "resolve " + what + ": " + (zone.empty() ? error.message() : zone));
}

bool is_digits(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// C libraries differ in what they make of port 65536: some cut it to 0.
bool is_port_or_name(const std::string& service) {
  if (!is_digits(service)) return true;
  return service.size() <= 5 && (service.empty() || std::stoul(service) <= 65535);
}

addrinfo make_hints(const ResolveOptions& options, bool no_host) {
  // Without AI_ADDRCONFIG, which hides loopback addresses on a machine that has no others.
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  if (options.streams_only) hints.ai_socktype = SOCK_STREAM;
  if (options.passive) hints.ai_flags |= AI_PASSIVE;
  // EAI_BADFLAGS without a name to have a canonical one.
  if (options.canonical_name && !no_host) hints.ai_flags |= AI_CANONNAME;
  return hints;
}

bool same_address(const ResolvedAddress& a, const ResolvedAddress& b) {
  return a.socket_type == b.socket_type && a.protocol == b.protocol && a.endpoint == b.endpoint;
}

}  // namespace

Result<std::vector<ResolvedAddress>> resolve(const std::string& host, const std::string& service,
                                             const ResolveOptions& options) {
  const std::string what = host.empty() ? ':' + service : host;
  // An embedded zero would make another name of it.
  if (host.find('\0') != std::string::npos) return resolve_failure(EAI_NONAME, 0, what);
  if (service.find('\0') != std::string::npos || !is_port_or_name(service)) {
    return resolve_failure(EAI_SERVICE, 0, what);
  }
  const addrinfo hints = make_hints(options, host.empty());
  addrinfo* head = nullptr;
  const int code = ::getaddrinfo(host.empty() ? nullptr : host.c_str(),
                                 service.empty() ? nullptr : service.c_str(), &hints, &head);
  if (code != 0) return resolve_failure(code, errno, what);
  const AddressList list(head);
  std::vector<ResolvedAddress> addresses;
  for (const addrinfo* entry = list.get(); entry != nullptr; entry = entry->ai_next) {
    ResolvedAddress address{.endpoint = Endpoint(entry->ai_addr, entry->ai_addrlen),
                            .socket_type = entry->ai_socktype,
                            .protocol = entry->ai_protocol,
                            .canonical_name = {}};
    if (entry->ai_canonname != nullptr) address.canonical_name = entry->ai_canonname;
    const auto is_same = [&](const auto& other) { return same_address(address, other); };
    if (std::none_of(addresses.begin(), addresses.end(), is_same)) {
      addresses.push_back(std::move(address));
    }
  }
  return addresses;
}

Result<std::vector<Endpoint>> resolve_endpoints(const std::string& host, std::uint16_t port) {
  const auto found = resolve(host, std::to_string(port), {});
  if (!found) return tl::unexpected(found.error());
  std::vector<Endpoint> endpoints;
  for (const ResolvedAddress& one : *found) {
    const Endpoint endpoint = one.endpoint.unmapped();
    if (std::find(endpoints.begin(), endpoints.end(), endpoint) == endpoints.end()) {
      endpoints.push_back(endpoint);
    }
  }
  if (!endpoints.empty()) return endpoints;
  return fail(std::make_error_code(std::errc::address_not_available),
              "resolve " + host + ": it has no address");
}

const std::error_category& resolver_category() {
  static const ResolverCategory category;
  return category;
}

}  // namespace appd::reactor
