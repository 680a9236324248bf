#include "appd/reactor/network.h"

#include "appd/reactor/resolver.h"

namespace appd::reactor {

Result<std::vector<Endpoint>> Network::look_up(const std::string& host, std::uint16_t port) {
  return resolve_endpoints(host, port);
}

}  // namespace appd::reactor
