#include "appd/protocol/address.h"

#include <doctest/doctest.h>

#include <array>
#include <string>

#include "appd/protocol/text/json.h"

namespace appd::protocol {
namespace {

using namespace std::string_literals;

Address parse(std::string_view text) {
  CAPTURE(std::string(text));
  Result<Address> address = parse_address(text);
  REQUIRE(address.has_value());
  return *address;
}

// Without the repetition of the input, which is checked.
std::string error_of(std::string_view text) {
  static constexpr std::array kKnown = {Protocol::kApp, Protocol::kMessageEcho,
                                        Protocol::kFramedEcho, Protocol::kRawEcho};
  Result<Address> address = parse_address(text, kKnown);
  if (address) return "accepted";
  CHECK(status_of(address.error()) == Status::kInvalidArgument);
  std::string begin = "address ";
  append_json_string(begin, text);
  begin += ": ";
  CHECK(address.error().message.starts_with(begin));
  return address.error().message.substr(begin.size());
}

Address tcp(Protocol protocol, std::string host, std::uint16_t port) {
  return {protocol, TransportKind::kTcp, std::move(host), port, ""};
}
Address unix_path(Protocol protocol, std::string path) {
  return {protocol, TransportKind::kUnix, "", 0, std::move(path)};
}

TEST_CASE("address: every protocol has its name") {
  CHECK(parse("app://h:1") == tcp(Protocol::kApp, "h", 1));
  CHECK(parse("message-echo://h:1") == tcp(Protocol::kMessageEcho, "h", 1));
  CHECK(parse("framed-echo://h:1") == tcp(Protocol::kFramedEcho, "h", 1));
  CHECK(parse("raw-echo://h:1") == tcp(Protocol::kRawEcho, "h", 1));
}

TEST_CASE("address: the default is this machine's port 65432") {
  CHECK(parse(kDefaultAddress) == tcp(Protocol::kApp, "127.0.0.1", 65432));
}

TEST_CASE("address: a bare HOST:PORT is app") {
  CHECK(parse("example.org:80") == tcp(Protocol::kApp, "example.org", 80));
  CHECK(parse(":0") == tcp(Protocol::kApp, "", 0));
  CHECK(parse("[::1]:80") == tcp(Protocol::kApp, "::1", 80));
}

TEST_CASE("address: hosts are names, numbers, bracketed IPv6, or none") {
  CHECK(parse("app://:65535") == tcp(Protocol::kApp, "", 65535));
  CHECK(parse("app://[::]:0") == tcp(Protocol::kApp, "::", 0));
  CHECK(parse("app://[fe80::1%eth0]:7") == tcp(Protocol::kApp, "fe80::1%eth0", 7));
  CHECK(parse("app://[::ffff:10.0.0.1]:7") == tcp(Protocol::kApp, "::ffff:10.0.0.1", 7));
  CHECK(parse("app://my_host-1.example:7") == tcp(Protocol::kApp, "my_host-1.example", 7));
}

TEST_CASE("address: the zone's percent sign may be written as in URLs") {
  CHECK(parse("app://[fe80::1%25eth0]:7").host == "fe80::1%eth0");
  CHECK(parse("app://[fe80::1%eth0]:7").to_string() == "app://[fe80::1%eth0]:7");
  CHECK(parse("app://[fe80::1%25]:7").host == "fe80::1%25");  // the interface of this number
  CHECK(parse("app://[fe80::1%2525]:7").host == "fe80::1%25");
  CHECK(parse("app://[fe80::1%25251]:7").host == "fe80::1%251");
  CHECK(parse("app://[fe80::1%25251]:7").to_string() == "app://[fe80::1%25251]:7");
  CHECK(parse("app://[fe80::1%25%25]:7").host == "fe80::1%%25");
}

TEST_CASE("address: tcp may be said, unix takes a path") {
  CHECK(parse("raw-echo+tcp://h:1") == tcp(Protocol::kRawEcho, "h", 1));
  CHECK(parse("app+unix:///run/app.sock") == unix_path(Protocol::kApp, "/run/app.sock"));
  CHECK(parse("app+unix://relative.sock") == unix_path(Protocol::kApp, "relative.sock"));
  CHECK(parse("framed-echo+unix://a b:80/[x]") == unix_path(Protocol::kFramedEcho, "a b:80/[x]"));
}

TEST_CASE("address: the notation is given back in full, the default transport left out") {
  CHECK(parse("h:1").to_string() == "app://h:1");
  CHECK(parse("raw-echo+tcp://[::1]:080").to_string() == "raw-echo://[::1]:80");
  CHECK(parse("app+unix://x.sock").to_string() == "app+unix://x.sock");
  CHECK(parse(":0").to_string() == "app://:0");
}

TEST_CASE("address: what is written reads back the same") {
  for (Protocol protocol :
       {Protocol::kApp, Protocol::kMessageEcho, Protocol::kFramedEcho, Protocol::kRawEcho}) {
    for (const Address& address :
         {tcp(protocol, "", 0), tcp(protocol, "h", 65535), tcp(protocol, "::1", 1),
          tcp(protocol, "fe80::1%en0", 9), tcp(protocol, "fe80::1%25", 9),
          tcp(protocol, "fe80::1%25en0", 9), tcp(protocol, "fe80::1%%25", 9),
          unix_path(protocol, "/a/b"), unix_path(protocol, "a"), unix_path(protocol, "://")}) {
      CHECK(parse(address.to_string()) == address);
    }
  }
}

TEST_CASE("address: a missing or bad port is named") {
  CHECK(error_of("app://localhost") == "port is missing: HOST:PORT is needed");
  CHECK(error_of("") == "port is missing: HOST:PORT is needed");
  CHECK(error_of("app://") == "port is missing: HOST:PORT is needed");
  CHECK(error_of("app://h:") == "port is missing behind the colon");
  CHECK(error_of("app://[::1]") == "port is missing: [IPV6]:PORT is needed");
  CHECK(error_of("app://[::1]80") == "port is missing: [IPV6]:PORT is needed");
  CHECK(error_of("app://h:70000") == "port must be 0 to 65535, not 70000");
  CHECK(error_of("h:65536") == "port must be 0 to 65535, not 65536");
  CHECK(error_of("h:-1") == "port must be 0 to 65535, not -1");
  CHECK(error_of("h:+1") == "port must be 0 to 65535, not +1");
  CHECK(error_of("h:80x") == "port must be 0 to 65535, not 80x");
  CHECK(error_of("h: 80") == "port must be 0 to 65535, not  80");
  CHECK(error_of("h:80/") == "port must be 0 to 65535, not 80/");
  CHECK(error_of("h:99999999999999999999") == "port must be 0 to 65535, not 99999999999999999999");
}

TEST_CASE("address: a bad host is named") {
  CHECK(error_of("app://::1:80") == "an IPv6 address needs brackets: [IPV6]:PORT");
  CHECK(error_of("::1") == "an IPv6 address needs brackets: [IPV6]:PORT");
  CHECK(error_of("app://[::1:80") == "] is missing behind the IPv6 address");
  CHECK(error_of("app://[localhost]:80") ==
        "between [ and ] an IPv6 address must stand, not \"localhost\"");
  CHECK(error_of("app://[]:80") == "between [ and ] an IPv6 address must stand, not \"\"");
  CHECK(error_of("app://[::1%]:80") == "between [ and ] an IPv6 address must stand, not \"::1%\"");
  CHECK(error_of("app://a b:80") == "host must not have the character \" \"");
  CHECK(error_of("app:/h:80") == "port must be 0 to 65535, not /h:80");
  CHECK(error_of("user@h:80") == "host must not have the character \"@\"");
  CHECK(error_of("x:y:z") == "port must be 0 to 65535, not y:z");
}

TEST_CASE("address: an unknown protocol or transport is named, with those that there are") {
  CHECK(error_of("http://h:80") ==
        "protocol must be app, message-echo, framed-echo or raw-echo, not \"http\"");
  CHECK(error_of("://h:80") ==
        "protocol must be app, message-echo, framed-echo or raw-echo, not \"\"");
  CHECK(error_of("APP://h:80") ==
        "protocol must be app, message-echo, framed-echo or raw-echo, not \"APP\"");
  CHECK(error_of("app+udp://h:80") == "transport must be tcp or unix, not \"udp\"");
  CHECK(error_of("app+://h:80") == "transport must be tcp or unix, not \"\"");
  CHECK(error_of("app+tcp+unix://h:80") == "transport must be tcp or unix, not \"tcp+unix\"");
}

TEST_CASE("address: what is to come is said to be missing, not wrong") {
  CHECK(error_of("app+tls://h:80") == "transport tls is not available in this build");
  CHECK(error_of("admin://h:80") ==
        "protocol must be app, message-echo, framed-echo or raw-echo, not \"admin\"");
}

TEST_CASE("address: any name that has the form of one is a protocol, unless it must be known") {
  CHECK(parse("lines-2://h:1").protocol == "lines-2");
  CHECK(parse("lines-2://h:1").to_string() == "lines-2://h:1");
  for (const char* text : {"Lines://h:1", "a_b://h:1", "://h:1"}) {
    CHECK_FALSE(parse_address(text).has_value());
  }
}

TEST_CASE("address: what a refusal repeats is one line of UTF-8") {
  CHECK(parse_address("a\n\x1b://\xc3\xa9")
            .error()
            .message.starts_with("address \"a\\n\\u001b://\xc3\xa9\": "));
  CHECK(parse_address("a\xc3").error().message.starts_with("address \"a\xef\xbf\xbd\": "));
  CHECK(parse_address(":\x1b\xb2").error().message.ends_with(", not \\u001b\xef\xbf\xbd"));
  CHECK(parse_address("app:/\xef\xbb\xbf/h:0").error().message ==
        R"(address "app:/\ufeff/h:0": port must be 0 to 65535, not /\ufeff/h:0)");
}

TEST_CASE("address: a path that cannot be is refused") {
  CHECK(error_of("app+unix://") == "path is missing");
  CHECK(error_of("app+unix://a\0b"s) == "path must not have a NUL byte");
}

}  // namespace
}  // namespace appd::protocol
