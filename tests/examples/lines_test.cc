#include "lines/lines.h"

#include <appd/test.h>
#include <doctest/doctest.h>

TEST_CASE("lines: actions are called by a line, and answered by one") {
  appd::App app;
  app.on("double", [](std::int64_t n) { return 2 * n; });
  app.on("greet", [](std::string name) { return "hello, " + name; });
  add_lines(app);
  appd::test::SimulatedApp world(app);
  auto peer = world.connect("lines");
  peer.send("double 21\r\ngreet white rabbit\ngreet \"ring\"\ndou");
  CHECK(peer.receive_until("\n") == "42");
  CHECK(peer.receive_until("\n") == R"("hello, white rabbit")");
  CHECK(peer.receive_until("\n") == R"("hello, ring")");
  peer.send("ble x\nnobody\nquit\n");
  CHECK(peer.receive_until("\n").starts_with("error: double: expected an integer"));
  CHECK(peer.receive_until("\n") == "error: invalid action \"nobody\".");
  CHECK(peer.receive_all() == "");
  CHECK(peer.ended());
}
