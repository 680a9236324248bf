#include "appd/clients/appctl/resolve_command.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstddef>

#include "appd/clients/appctl/exit_code.h"

namespace appd::clients {
namespace {

constexpr std::size_t kColumns = 5;
using Row = std::array<std::string, kColumns>;

std::string family_name(int family) {
  if (family == AF_INET) return "AF_INET";
  if (family == AF_INET6) return "AF_INET6";
  if (family == AF_UNIX) return "AF_UNIX";
  return std::to_string(family);
}

std::string socket_type_name(int type) {
  if (type == SOCK_STREAM) return "SOCK_STREAM";
  if (type == SOCK_DGRAM) return "SOCK_DGRAM";
  if (type == SOCK_RAW) return "SOCK_RAW";
  return std::to_string(type);
}

std::string protocol_number_name(int protocol) {
  if (protocol == IPPROTO_TCP) return "IPPROTO_TCP";
  if (protocol == IPPROTO_UDP) return "IPPROTO_UDP";
  if (protocol == IPPROTO_IP) return "IPPROTO_IP";
  return std::to_string(protocol);
}

Row row_of(const reactor::ResolvedAddress& address) {
  const reactor::Endpoint& endpoint = address.endpoint;
  return {family_name(endpoint.family()), socket_type_name(address.socket_type),
          protocol_number_name(address.protocol),
          address.canonical_name.empty() ? "-" : address.canonical_name,
          endpoint.port() == 0 ? endpoint.host() : endpoint.to_string()};
}

}  // namespace

std::string format_addresses(const std::vector<reactor::ResolvedAddress>& addresses) {
  std::vector<Row> rows;
  std::array<std::size_t, kColumns> widths{};
  for (const auto& address : addresses) {
    rows.push_back(row_of(address));
    for (std::size_t i = 0; i < kColumns; ++i) {
      widths[i] = std::max(widths[i], rows.back()[i].size());
    }
  }
  std::string text;
  for (const Row& row : rows) {
    for (std::size_t i = 0; i + 1 < kColumns; ++i) {
      text += row[i];
      text.append(widths[i] - row[i].size() + 2, ' ');
    }
    text += row.back() + '\n';
  }
  return text;
}

int run_resolve(const std::string& host, const std::string& service, Console& console) {
  const auto found =
      reactor::resolve(host, service, {.streams_only = false, .canonical_name = true});
  if (!found) {
    console.line("appctl: " + found.error().message);
    return kExitCannotConnect;
  }
  console.result(format_addresses(*found));
  return kExitDone;
}

}  // namespace appd::clients
