#include "gateway/gateway.h"

#include <appd/test.h>
#include <doctest/doctest.h>

using namespace std::chrono_literals;
using appd::test::SimulatedApp;

namespace {

struct GatewayWorld {
  GatewayWorld() {
    gateway.add_to(app);
    first.on("search",
             [this](std::string query, appd::CallContext call) -> appd::Task<std::string> {
               co_await call.sleep(first_takes);
               co_return "first: " + query;
             });
    second.on("search", [](std::string_view query) -> appd::Result<std::string> {
      if (query == "nothing")
        return appd::fail(appd::Status::kInvalidArgument, "ask for something");
      return "second: " + std::string(query);
    });
    world.emplace(app);
    world->serve("app://second:7000", second);
  }
  std::string search(std::string_view query) { return world->call("search", query); }

  Gateway gateway;
  appd::App app;
  appd::App first;
  appd::App second;
  appd::Duration first_takes = 10ms;
  std::optional<SimulatedApp> world;
};

}  // namespace

TEST_CASE("gateway: the first answers, the second where it is gone or too slow") {
  GatewayWorld there;
  there.world->serve("app://first:7000", there.first);
  CHECK(there.search(R"("ring")") == R"("first: ring")");
  there.first_takes = 1s;
  const auto begun = there.world->now();
  CHECK(there.search(R"("ring")") == R"("second: ring")");
  CHECK(there.world->now() - begun < 1s);
  there.world->crash("app://first:7000");
  CHECK(there.search(R"("ring")") == R"("second: ring")");
  CHECK(there.search(R"("nothing")") == "invalid_argument: ask for something");
}

TEST_CASE("gateway: without either, the caller is told why, within its deadline") {
  GatewayWorld there;
  there.world->crash("app://second:7000");
  const auto begun = there.world->now();
  CHECK(there.search(R"("ring")").starts_with("unavailable"));
  CHECK(there.world->now() - begun <= 2s);
}
