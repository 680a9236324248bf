#include "appd/clients/appctl/resolve_command.h"

#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace appd::clients {
namespace {

using reactor::Endpoint;
using reactor::ResolvedAddress;

TEST_CASE("resolve: one aligned line an address") {
  const std::vector<ResolvedAddress> addresses{
      {Endpoint::ip("127.0.0.1", 80).value(), SOCK_STREAM, IPPROTO_TCP, "host.example"},
      {Endpoint::ip("::1", 80).value(), SOCK_DGRAM, IPPROTO_UDP, ""},
  };
  CHECK(format_addresses(addresses) ==
        "AF_INET   SOCK_STREAM  IPPROTO_TCP  host.example  127.0.0.1:80\n"
        "AF_INET6  SOCK_DGRAM   IPPROTO_UDP  -             [::1]:80\n");
}

TEST_CASE("resolve: without a service there is no port") {
  const std::vector<ResolvedAddress> addresses{
      {Endpoint::ip("10.0.0.1", 0).value(), SOCK_RAW, 0, ""}};
  CHECK(format_addresses(addresses) == "AF_INET  SOCK_RAW  IPPROTO_IP  -  10.0.0.1\n");
}

}  // namespace
}  // namespace appd::clients
