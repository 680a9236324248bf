#include "appd/servers/served_protocols.h"

#include <doctest/doctest.h>

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "appd/servers/sessions/raw_echo_session.h"

using namespace appd::servers;

TEST_CASE("protocols: the four of the tutorial are registered, in this order") {
  const auto protocols = built_in_protocols();
  const auto names = protocols->names();
  CHECK(std::vector<std::string_view>(names.begin(), names.end()) ==
        std::vector<std::string_view>{"app", "message-echo", "framed-echo", "raw-echo"});
  CHECK(protocols->find("app")->index == 0);
  CHECK(protocols->find("http") == nullptr);
}

TEST_CASE("protocols: names that cannot be, or are there, are refused and add nothing") {
  ServedProtocols protocols;
  protocols.add("lines-2", session_maker<RawEchoSession>());
  for (const char* name : {"", "Lines", "li nes", "lines+tls", "lines://", "lines-2"}) {
    CAPTURE(name);
    CHECK_THROWS_AS(protocols.add(name, session_maker<RawEchoSession>()), std::invalid_argument);
  }
  CHECK(protocols.names().size() == 1);
}

TEST_CASE("protocols: there are at most so many, and those that are there stay") {
  ServedProtocols protocols;
  for (std::size_t i = 0; i < ServedProtocols::kMost; ++i) {
    protocols.add("p" + std::to_string(i), session_maker<RawEchoSession>());
  }
  CHECK_THROWS_AS(protocols.add("one-more", session_maker<RawEchoSession>()),
                  std::invalid_argument);
  CHECK(protocols.all().size() == ServedProtocols::kMost);
  CHECK(protocols.find("p63")->index == 63);
}
