// A user's own test: handlers in a simulated world, without a socket and without a sleep. Any test
// framework will do; this one is none.
#include <appd/test.h>

#include <cstdio>
#include <cstdlib>

namespace {

void expect(const std::string& got, const std::string& wanted) {
  if (got == wanted) return;
  std::fprintf(stderr, "expected %s, got %s\n", wanted.c_str(), got.c_str());
  std::exit(1);
}

appd::Task<std::string> greet_later(std::string name, appd::CallContext call) {
  co_await call.sleep(std::chrono::seconds(5));
  co_return "hello, " + name;
}

}  // namespace

int main() {
  appd::App app;
  app.on("greet-later", greet_later);

  appd::test::SimulatedApp world(app, {.seed = 7});
  const auto began = world.now();
  expect(world.call("greet-later", R"("ring")"), R"("hello, ring")");
  if (world.now() - began < std::chrono::seconds(5)) return 1;

  world.split();
  world.delay();
  expect(world.call("greet-later", R"("ring")"), R"("hello, ring")");
  expect(world.call("greet-later", "5"),
         "invalid_argument: greet-later: expected a string at JSON pointer \"/value\", but an "
         "integer came: 5");
  std::puts("passed");
}
