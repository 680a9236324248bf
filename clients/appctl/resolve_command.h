// appctl resolve: what getaddrinfo(3) knows about a name.
#pragma once

#include <string>
#include <vector>

#include "appd/clients/appctl/call_command.h"
#include "appd/reactor/resolver.h"

namespace appd::clients {

// One line an address, in columns: family, socket type and protocol by their names in C, canonical
// name ("-" where there is none; getaddrinfo gives it for the first address only), address.
[[nodiscard]] std::string format_addresses(const std::vector<reactor::ResolvedAddress>& addresses);

// `service` may be empty; the address is then printed without a port. Returns the exit code: 3 for
// a name that cannot be resolved.
[[nodiscard]] int run_resolve(const std::string& host, const std::string& service,
                              Console& console);

}  // namespace appd::clients
