#include "reactor/network.h"

#include "reactor/resolver.h"

namespace appd::reactor {

Result<std::vector<Endpoint>> Network::look_up(const std::string& host, std::uint16_t port) {
  const auto found = resolve(host, std::to_string(port), {});
  if (!found) return tl::unexpected(found.error());
  std::vector<Endpoint> endpoints;
  for (const ResolvedAddress& one : *found) endpoints.push_back(one.endpoint);
  if (endpoints.empty()) {
    return fail(std::make_error_code(std::errc::address_not_available),
                "resolve " + host + ": it has no address");
  }
  return endpoints;
}

}  // namespace appd::reactor
