// What an app keeps for a connection: a parameter T& of its actions.
#include <appd/stream.h>
#include <appd/test.h>
#include <doctest/doctest.h>

#include "appd/options/start_error.h"

using namespace std::chrono_literals;

namespace appd::test {
namespace {

struct Guest {
  Guest() { ++alive; }
  ~Guest() { --alive; }
  static inline int alive = 0;

  std::string name = "nobody";
  std::size_t bytes = 0;
};

App guest_book() {
  App app;
  app.session_data<Guest>();
  app.on("login", [](std::string name, Guest& me) { me.name = std::move(name); });
  app.on("whoami", [](const Guest& me) { return me.name; });
  app.on("count", [](std::string_view text, Guest& me) { return me.bytes += text.size(); });
  app.on("later", [](Guest& me, CallContext call) -> Task<std::string> {
    co_await call.sleep(1s);
    co_return me.name;
  });
  app.on("whoami-inside", [](CallContext call) -> Task<std::string> {
    const auto reply = co_await call.call_action(CallRequest("whoami"));
    co_return std::string(reply->result()->text());
  });
  app.protocol("talk", [](Stream peer) -> Task<> {
    while (auto name = co_await peer.read_until("\n", 64)) {
      peer.session_data<Guest>().name = *name;
      const auto reply = co_await peer.context().call_action(CallRequest("whoami"));
      co_await peer.write(reply->content);
    }
  });
  return app;
}

}  // namespace

TEST_CASE("session data: each connection has its own, as long as it lasts") {
  const App app = guest_book();
  {
    SimulatedApp world(app);
    auto alice = world.client();
    {
      auto bob = world.client();
      CHECK(alice.call("login", R"("alice")") == "null");
      CHECK(bob.call("whoami") == R"("nobody")");
      CHECK(bob.call("login", R"("bob")") == "null");
      CHECK(alice.call("whoami") == R"("alice")");
      CHECK(bob.call("whoami") == R"("bob")");
      CHECK(Guest::alive == 2);
    }
    CHECK(alice.call("whoami") == R"("alice")");
    world.jump(10s);
    CHECK(Guest::alive == 1);
  }
  CHECK(Guest::alive == 0);
}

TEST_CASE("session data: made when somebody asks, not before") {
  const App app = guest_book();
  SimulatedApp world(app);
  CHECK(world.call("describe").find("whoami") != std::string::npos);
  CHECK(Guest::alive == 0);
  CHECK(world.call("whoami") == R"("nobody")");
  CHECK(Guest::alive == 1);
}

TEST_CASE("session data: coroutines, calls of calls and other protocols have the same") {
  const App app = guest_book();
  SimulatedApp world(app);
  auto alice = world.client();
  CHECK(alice.call("login", R"("alice")") == "null");
  CHECK(alice.call("later") == R"("alice")");
  CHECK(alice.call("whoami-inside") == R"("\"alice\"")");
  auto talker = world.connect("talk");
  talker.send("carol\n");
  CHECK(talker.receive_until("}") == R"({"result": "carol")");
}

TEST_CASE(
    "session data: a large request is decoded elsewhere, and called on the connection's loop") {
  const App app = guest_book();
  SimulatedApp world(app);
  auto alice = world.client();
  const std::string large = '"' + std::string(1'000'000, 'x') + '"';
  CHECK(alice.call("count", large) == "1000000");
  CHECK(alice.call("count", R"("abc")") == "1000003");
  CHECK(alice.call("login", large) == "null");
  CHECK(alice.call("later").size() == 1'000'002);
}

TEST_CASE("session data: a coroutine that is dropped goes before what it refers to") {
  const App app = guest_book();
  Setup setup;
  setup.options.limits.half_close_grace = 50ms;
  SimulatedApp world(app, setup);
  auto alice = std::optional(world.client());
  auto later = alice->start("later");
  world.jump(100ms);
  CHECK(Guest::alive == 1);
  alice.reset();
  world.jump(100ms);
  CHECK(Guest::alive == 0);
}

TEST_CASE("session data: what is not declared is refused at the start, by name") {
  App app;
  app.on("whoami", [](const Guest& me) { return me.name; });
  app.on("login", [](std::string name, Guest& me) { me.name = std::move(name); });
  try {
    const SimulatedApp world(app);
    FAIL("served");
  } catch (const options::StartError& error) {
    CHECK(std::string(error.what()).starts_with("action \"login\" takes a appd::test::"));
    CHECK(std::string(error.what()).ends_with("Guest>()"));
  }
}

TEST_CASE("session data: an action that blocks cannot have it") {
  App app;
  app.session_data<Guest>();
  app.on("login", [](std::string name, Guest& me) { me.name = std::move(name); }, {.blocks = true});
  CHECK_THROWS_AS(SimulatedApp{app}, std::invalid_argument);
}

}  // namespace appd::test
