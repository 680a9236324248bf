#include "appd/reactor/resolver.h"

#include <doctest/doctest.h>
#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <ostream>  // doctest prints error codes
#include <string>

namespace appd::reactor {
namespace {

using namespace std::string_literals;

TEST_CASE("resolver: a numeric address is itself, once") {
  const auto found = resolve("127.0.0.1", "80", {});
  REQUIRE(found.has_value());
  REQUIRE(found->size() == 1);
  CHECK(found->front().endpoint.to_string() == "127.0.0.1:80");
  CHECK(found->front().socket_type == SOCK_STREAM);
}

TEST_CASE("resolver: an IPv6 address needs no brackets") {
  const auto found = resolve("::1", "80", {});
  REQUIRE(found.has_value());
  CHECK(found->front().endpoint.to_string() == "[::1]:80");
}

TEST_CASE("resolver: every kind of socket when asked") {
  const auto found = resolve("127.0.0.1", "80", {.streams_only = false});
  REQUIRE(found.has_value());
  const auto has = [&](int type) {
    return std::any_of(found->begin(), found->end(),
                       [&](const auto& address) { return address.socket_type == type; });
  };
  CHECK(has(SOCK_STREAM));
  CHECK(has(SOCK_DGRAM));
}

TEST_CASE("resolver: no two addresses are the same") {
  const auto found = resolve("localhost", "80", {});
  REQUIRE(found.has_value());
  for (const auto& one : *found) {
    CHECK(std::count_if(found->begin(), found->end(),
                        [&](const auto& other) { return other.endpoint == one.endpoint; }) == 1);
  }
}

TEST_CASE("resolver: an empty host is every interface to listen on, and this machine to connect") {
  const auto passive = resolve("", "80", {.passive = true});
  REQUIRE(passive.has_value());
  for (const auto& address : *passive) {
    const std::string host = address.endpoint.host();
    CHECK_MESSAGE((host == "0.0.0.0" || host == "::"), host);
  }
  const auto active = resolve("", "80", {});
  REQUIRE(active.has_value());
  for (const auto& address : *active) {
    const std::string host = address.endpoint.host();
    CHECK_MESSAGE((host == "127.0.0.1" || host == "::1"), host);
  }
}

TEST_CASE("resolver: an empty service is port 0") {
  const auto found = resolve("127.0.0.1", "", {});
  REQUIRE(found.has_value());
  CHECK(found->front().endpoint.port() == 0);
}

TEST_CASE("resolver: the canonical name comes with the first address, when asked") {
  const auto named = resolve("127.0.0.1", "80", {.canonical_name = true});
  REQUIRE(named.has_value());
  CHECK(named->front().canonical_name == "127.0.0.1");
  const auto plain = resolve("127.0.0.1", "80", {});
  REQUIRE(plain.has_value());
  CHECK(plain->front().canonical_name.empty());
  CHECK(resolve("", "80", {.passive = true, .canonical_name = true}).has_value());
}

// No name is asked of the network here: these cannot be one.
TEST_CASE("resolver: what is no name is an error that names it") {
  const auto found = resolve("not a name", "80", {});
  REQUIRE_FALSE(found.has_value());
  CHECK(found.error().message.starts_with("resolve not a name: "));
}

TEST_CASE("resolver: errors have their own category and texts") {
  const std::error_code error(EAI_NONAME, resolver_category());
  CHECK(std::string(error.category().name()) == "resolver");
  CHECK(error.message() == ::gai_strerror(EAI_NONAME));
}

TEST_CASE("resolver: a zero in the host does not cut it short") {
  const auto found = resolve("127.0.0.1\0.example"s, "80", {});
  REQUIRE_FALSE(found.has_value());
  CHECK(found.error().code == std::error_code(EAI_NONAME, resolver_category()));
}

TEST_CASE("resolver: a port beyond 65535 and an unknown service are errors") {
  CHECK(resolve("127.0.0.1", "65535", {}).has_value());
  for (const std::string& service :
       {"65536"s, "99999999999999999999"s, "-1"s, "no-such-service"s, "80\0"s}) {
    CAPTURE(service);
    const auto found = resolve("127.0.0.1", service, {});
    REQUIRE_FALSE(found.has_value());
    CHECK(found.error().code.category() == resolver_category());
  }
}

TEST_CASE("resolver: a zone that is not there, or has no place, is named") {
  CHECK(resolve("fe80::1%no-such", "80", {}).error().message ==
        "resolve fe80::1%no-such: there is no interface no-such");
  CHECK(resolve("fd00::1%no-such", "80", {}).error().message ==
        "resolve fd00::1%no-such: only a link-local address (fe80::) has a zone");
}

TEST_CASE("resolver: endpoints are at least one, each once, IPv4 where it is meant") {
  CHECK(resolve_endpoints("::ffff:127.0.0.1", 80).value() ==
        std::vector{Endpoint::ip("127.0.0.1", 80).value()});
  const auto here = resolve_endpoints("", 80);
  REQUIRE(here.has_value());
  for (const Endpoint& one : *here) {
    CHECK((one.host() == "127.0.0.1" || one.host() == "::1"));
  }
  CHECK_FALSE(resolve_endpoints("not a name", 80).has_value());
}

}  // namespace
}  // namespace appd::reactor
