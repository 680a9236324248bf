#include "appd/clients/appctl/trace.h"

#include <doctest/doctest.h>

namespace appd::clients {
namespace {

TEST_CASE("trace: an address is printed as Python prints it") {
  protocol::Address address;
  address.host = "::1";
  address.port = 65432;
  CHECK(python_address(address) == "('::1', 65432)");
  address.transport = protocol::TransportKind::kUnix;
  address.path = "/run/it's.sock";
  CHECK(python_address(address) == "\"/run/it's.sock\"");
}

TEST_CASE("trace: one that is off writes nothing") {
  Console console({-1, -1, -1});
  Trace trace(false, {}, console);
  trace.connecting();
  trace.sending({});
  trace.received({}, false);
  trace.closing();
  CHECK(console.finish(0) == 0);
}

}  // namespace
}  // namespace appd::clients
