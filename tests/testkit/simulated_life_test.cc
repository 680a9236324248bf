// What an app does beside its actions, in a simulated world.
#include <appd/test.h>
#include <doctest/doctest.h>

#include <stdexcept>
#include <string>
#include <vector>

using namespace std::chrono_literals;

namespace appd::test {

TEST_CASE("life: a function runs each interval, in the world's time") {
  int runs = 0;
  App app;
  app.every(1s, [&runs] { ++runs; });
  SimulatedApp world(app);
  const auto began = world.now();
  world.jump(900ms);
  CHECK(runs == 0);
  world.jump(200ms);
  CHECK(runs == 1);
  world.jump(10s);
  CHECK(runs == (world.now() - began) / 1s);
}

TEST_CASE("life: a periodic function that throws is called again, and nothing else suffers") {
  int runs = 0;
  App app;
  app.on("runs", [&runs] { return runs; });
  app.every(1s, [&runs] {
    ++runs;
    throw std::runtime_error("the disk is full");
  });
  app.every(2s, [] { throw 7; });
  SimulatedApp world(app);
  world.jump(5s);
  CHECK(world.call("runs") == "5");
}

TEST_CASE("life: an interval of nothing is refused") {
  App app;
  CHECK_THROWS_AS(app.every(0s, [] {}), std::invalid_argument);
  CHECK_THROWS_AS(app.every(-1s, [] {}), std::invalid_argument);
}

TEST_CASE("life: connections are told to come before their first request, and to go") {
  std::vector<std::string> told;
  App app;
  app.on("told", [&told] { return static_cast<std::int64_t>(told.size()); });
  app.on_connect([&told](const Peer& peer) { told.push_back("one: " + peer.host); });
  app.on_connect([](const Peer&) { throw std::runtime_error("told in the log"); });
  app.on_connect([&told](const Peer& peer) { told.push_back("two: " + peer.host); });
  app.on_disconnect([&told](const Peer& peer) { told.push_back("bye: " + peer.host); });
  app.on_disconnect([&told](const Peer& peer) { told.push_back("end: " + peer.host); });
  SimulatedApp world(app);
  CHECK(world.call("told") == "2");
  CHECK(told == std::vector<std::string>{"one: 10.0.0.2", "two: 10.0.0.2"});
  world.jump(10min);  // the idle connection ends
  told.erase(told.begin(), told.begin() + 2);
  CHECK(told == std::vector<std::string>{"end: 10.0.0.2", "bye: 10.0.0.2"});
}

TEST_CASE("life: a connection that a limit refuses neither comes nor goes") {
  int there = 0;
  int most = 0;
  App backend;
  App app;
  app.on("there", [&there] { return there; });
  app.on_connect([&](const Peer&) { most = std::max(most, ++there); });
  app.on_disconnect([&](const Peer&) { --there; });
  // It calls itself, from another host than the test.
  app.on("self", [](CallContext call) -> Task<std::string> {
    for (int i = 0; i < 2; ++i) {
      const auto answer =
          co_await call.call(parse_address(SimulatedApp::kAddress).value(), CallRequest("there"));
      if (!answer) co_return answer.error().message;
    }
    co_return "answered";
  });
  daemon::Options options;
  options.limits.max_connections_per_peer = 1;
  SimulatedApp world(app, {.options = options});
  CHECK(world.call("there") == "1");
  CHECK(world.call("self") == R"("answered")");
  CHECK(most == 2);
  world.jump(10min);
  CHECK(there == 0);
}

TEST_CASE("life: functions are posted to the loop while it serves") {
  App app;
  int ran = 0;
  CHECK_FALSE(app.loop().post([&ran] { ++ran; }));
  {
    SimulatedApp world(app);
    CHECK(app.loop().post([&ran] { ++ran; }));
    world.jump(1ms);
    CHECK(ran == 1);
  }
  CHECK_FALSE(app.loop().post([&ran] { ++ran; }));
  CHECK(ran == 1);
}

TEST_CASE("life: the log of an app that nobody serves takes lines and drops them") {
  App app;
  CHECK_FALSE(app.log().enabled(logging::Level::kError));
  app.log().error("nobody reads this", {{"why", "not served"}});
}

TEST_CASE("life: actions, coroutines and periodic functions have the world's time") {
  App app;
  TimePoint periodic{};
  app.on("now", [](TimePoint now) { return now.time_since_epoch().count(); });
  app.on("plus", [](std::int64_t n, TimePoint now) { return n + now.time_since_epoch().count(); });
  app.on("sleep", [](CallContext call, TimePoint began) -> Task<std::int64_t> {
    co_await call.sleep(5s);
    co_return (call.now() - began) / 1s;
  });
  app.on("block", [](TimePoint now) { return now.time_since_epoch().count(); }, {.blocks = true});
  app.every(1min, [&periodic](TimePoint now) { periodic = now; });
  SimulatedApp world(app);
  const auto ticks = [](const std::string& text) { return TimePoint(Duration(std::stoll(text))); };
  const TimePoint first = ticks(world.call("now"));
  CHECK(first <= world.now());
  CHECK(world.now() - first < 1s);
  world.jump(2min);
  const TimePoint second = ticks(world.call("now"));
  CHECK(second - first >= 2min);
  CHECK(second - first < 3min);
  CHECK(periodic - first >= 1min);
  CHECK(periodic <= second);
  CHECK(ticks(world.call("plus", "0")) >= second);
  CHECK(world.call("sleep") == "5");
  CHECK(ticks(world.call("block")) - second < 1min);
}

TEST_CASE("life: time goes on exactly so far, whatever comes next") {
  App app;
  int calls = 0;
  app.every(1s, [&calls] { ++calls; });
  SimulatedApp world(app);
  const TimePoint begun = world.now();
  for (int i = 1; i <= 9; ++i) {
    world.jump(300ms);
    CHECK(world.now() - begun == i * 300ms);
    CHECK(calls == i * 300 / 1000);
  }
}

}  // namespace appd::test
