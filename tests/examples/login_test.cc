#include "login/login.h"

#include <appd/test.h>
#include <doctest/doctest.h>

TEST_CASE("login: kept for the connection, and for no other") {
  appd::App app;
  add_login(app, {{"ann", {.password = "secret", .admin = true}}, {"bob", {.password = "hush"}}});
  appd::test::SimulatedApp world(app);
  auto ann = world.client();
  auto bob = world.client();
  CHECK(ann.call("whoami") == "invalid_action: log in first");
  CHECK(ann.call("login", R"(["ann", "hush"])") == "invalid_argument: wrong name or password");
  CHECK(ann.call("login", R"(["ann", "secret"])") == "null");
  CHECK(bob.call("login", R"({"name": "bob", "password": "hush"})") == "null");
  CHECK(ann.call("whoami") == R"("ann")");
  CHECK(bob.call("whoami") == R"("bob")");
  CHECK(ann.call("admin.greet", R"("all")") == R"("hello, all")");
  CHECK(bob.call("admin.greet", R"("all")") == "invalid_action: only admins may call admin.greet");
  // Also where the request is large, and decoded in the pool.
  const std::string large = '"' + std::string(500'000, 'x') + '"';
  CHECK(bob.call("admin.greet", large) == "invalid_action: only admins may call admin.greet");
  CHECK(ann.call("admin.greet", large).size() == 500'009);
  CHECK(ann.call("logout") == "null");
  CHECK(ann.call("admin.greet", large) == "invalid_action: only admins may call admin.greet");
}
