#include "appd/reactor/endpoint.h"

#include <doctest/doctest.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <algorithm>
#include <ostream>  // doctest prints error codes
#include <string>

namespace appd::reactor {
namespace {

using namespace std::string_literals;

std::string shown(std::string_view host, std::uint16_t port) {
  const auto endpoint = Endpoint::ip(host, port);
  return endpoint ? endpoint->to_string() : "error";
}

TEST_CASE("endpoint: a new one is the address of nothing") {
  const Endpoint endpoint;
  CHECK(endpoint.family() == AF_UNSPEC);
  CHECK(endpoint.length() == 0);
  CHECK(endpoint.port() == 0);
  CHECK(endpoint.host().empty());
  CHECK(endpoint.to_string() == "unspecified");
  CHECK(endpoint == Endpoint());
}

TEST_CASE("endpoint: an IPv4 address is written host:port") {
  CHECK(shown("127.0.0.1", 80) == "127.0.0.1:80");
  CHECK(shown("0.0.0.0", 65535) == "0.0.0.0:65535");
}

TEST_CASE("endpoint: an IPv6 address is written in brackets, in its short form") {
  CHECK(shown("::1", 80) == "[::1]:80");
  CHECK(shown("2001:0DB8:0:0:0:0:0:1", 1) == "[2001:db8::1]:1");
}

TEST_CASE("endpoint: an IPv4-mapped IPv6 address is shown as IPv4") {
  const auto mapped = Endpoint::ip("::ffff:10.0.0.1", 80).value();
  CHECK(mapped.family() == AF_INET6);
  CHECK(mapped.host() == "10.0.0.1");
  CHECK(mapped.to_string() == "10.0.0.1:80");
}

TEST_CASE("endpoint: an IPv4-mapped address can be made the IPv4 address that it means") {
  CHECK(Endpoint::ip("::ffff:10.0.0.1", 80).value().unmapped() ==
        Endpoint::ip("10.0.0.1", 80).value());
  for (const char* host : {"10.0.0.1", "::1", "::10.0.0.1", "::"}) {
    const auto endpoint = Endpoint::ip(host, 80).value();
    CHECK(endpoint.unmapped() == endpoint);
  }
  CHECK(Endpoint::unix_path("a").value().unmapped() == Endpoint::unix_path("a").value());
}

TEST_CASE("endpoint: only a link-local address without its interface lacks one") {
  CHECK(Endpoint::ip("fe80::1", 80).value().lacks_zone());
  CHECK_FALSE(Endpoint::ip("fe80::1%1", 80).value().lacks_zone());
  for (const char* host : {"::1", "fd00::1", "169.254.0.1"}) {
    CHECK_FALSE(Endpoint::ip(host, 80).value().lacks_zone());
  }
}

TEST_CASE("endpoint: a zone is kept, by name or number") {
  const unsigned index = ::if_nametoindex("lo");
  if (index == 0) return;  // another system's loopback has another name
  for (const std::string& zone : {"lo"s, std::to_string(index)}) {
    const auto endpoint = Endpoint::ip("fe80::1%" + zone, 80);
    REQUIRE(endpoint.has_value());
    CHECK(endpoint->to_string() == "[fe80::1%lo]:80");
    CHECK_FALSE(*endpoint == Endpoint::ip("fe80::1", 80).value());
  }
}

TEST_CASE("endpoint: what is no numeric address is an error") {
  for (const std::string& host :
       {""s, "localhost"s, "127.0.0"s, "1.2.3.4.5"s, "256.0.0.1"s, "127.0.0.1 "s, "[::1]"s, ":::"s,
        "::1%no-such-zone"s, "%"s, "127.0.0.1\0"s, "::1\0x"s, "fe80::1%lo\0"s}) {
    CAPTURE(host);
    const auto endpoint = Endpoint::ip(host, 80);
    REQUIRE_FALSE(endpoint.has_value());
    CHECK(endpoint.error().code == std::errc::invalid_argument);
  }
}

TEST_CASE("endpoint: every interface of either family") {
  CHECK(Endpoint::any_ipv4(80).to_string() == "0.0.0.0:80");
  CHECK(Endpoint::any_ipv6(80).to_string() == "[::]:80");
}

TEST_CASE("endpoint: the port can be changed") {
  for (const char* host : {"127.0.0.1", "::1"}) {
    auto endpoint = Endpoint::ip(host, 80).value();
    endpoint.set_port(8080);
    CHECK(endpoint.port() == 8080);
    CHECK(endpoint == Endpoint::ip(host, 8080).value());
  }
}

TEST_CASE("endpoint: a Unix socket has a path and no port") {
  auto endpoint = Endpoint::unix_path("/run/app.sock").value();
  endpoint.set_port(80);
  CHECK(endpoint.family() == AF_UNIX);
  CHECK(endpoint.port() == 0);
  CHECK(endpoint.host() == "/run/app.sock");
  CHECK(endpoint.to_string() == "/run/app.sock");
}

TEST_CASE("endpoint: the longest path fits, one byte more does not") {
  const std::string longest(sizeof(sockaddr_un::sun_path) - 1, 'p');
  CHECK(Endpoint::unix_path(longest).value().to_string() == longest);
  const auto longer = Endpoint::unix_path(longest + 'p');
  REQUIRE_FALSE(longer.has_value());
  CHECK(longer.error().code == std::errc::filename_too_long);
}

TEST_CASE("endpoint: an empty path, or one with a zero in it, is an error") {
  for (const std::string& path : {""s, "\0abstract"s, "cut\0short"s}) {
    const auto endpoint = Endpoint::unix_path(path);
    REQUIRE_FALSE(endpoint.has_value());
    CHECK(endpoint.error().code == std::errc::invalid_argument);
  }
}

TEST_CASE("endpoint: a path without a zero behind it ends with its field") {
  sockaddr_un full{};
  full.sun_family = AF_UNIX;
  std::fill(std::begin(full.sun_path), std::end(full.sun_path), 'p');
  const Endpoint endpoint(reinterpret_cast<const sockaddr*>(&full), sizeof full);
  CHECK(endpoint.host() == std::string(sizeof full.sun_path, 'p'));
}

TEST_CASE("endpoint: a nameless Unix peer is called unix") {
  sockaddr_un nameless{};
  nameless.sun_family = AF_UNIX;
  const Endpoint endpoint(reinterpret_cast<const sockaddr*>(&nameless), sizeof(sa_family_t));
  CHECK(endpoint.to_string() == "unix");
}

TEST_CASE("endpoint: a length beyond any address is cut") {
  const sockaddr_storage storage{};
  const Endpoint endpoint(reinterpret_cast<const sockaddr*>(&storage), sizeof storage);
  CHECK(endpoint.length() == sizeof storage);
  CHECK(Endpoint(endpoint.address(), 0).family() == AF_UNSPEC);
}

TEST_CASE("endpoint: two are equal when family, host and port are") {
  const auto endpoint = Endpoint::ip("127.0.0.1", 80).value();
  CHECK(endpoint == Endpoint::ip("127.0.0.1", 80).value());
  CHECK_FALSE(endpoint == Endpoint::ip("127.0.0.1", 81).value());
  CHECK_FALSE(endpoint == Endpoint::ip("127.0.0.2", 80).value());
  CHECK_FALSE(endpoint == Endpoint::ip("::ffff:127.0.0.1", 80).value());
  CHECK_FALSE(Endpoint::unix_path("a").value() == Endpoint::unix_path("b").value());
  CHECK(Endpoint::unix_path("a").value() == Endpoint::unix_path("a").value());
}

}  // namespace
}  // namespace appd::reactor
