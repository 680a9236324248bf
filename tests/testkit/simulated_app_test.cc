#include <appd/test.h>
#include <doctest/doctest.h>

using namespace std::chrono_literals;

namespace appd::test {

namespace {

Task<std::string> answer_later(std::int64_t seconds, CallContext call) {
  co_await call.sleep(std::chrono::seconds(seconds));
  co_return "after " + std::to_string(seconds) + " s";
}

struct Pause {
  std::int64_t seconds = 0;
  std::optional<std::string> word;
};
APPD_FIELDS(Pause, seconds, word);

Task<std::string> say_later(std::string word, Pause pause, CallContext call) {
  co_await call.sleep(std::chrono::seconds(pause.seconds));
  co_return word + pause.word.value_or("");
}

App my_app() {
  App app;
  app.on("say", say_later, {.parameters = {"word", "pause"}});
  app.on("twice", [](std::int64_t n) { return 2 * n; });
  app.on("blocking", [] { return "done"; }, {.blocks = true});
  app.on("later", answer_later, {.time_limit = 20s});
  app.on("long", [](std::int64_t n) { return std::string(static_cast<std::size_t>(n), 'x'); });
  return app;
}

}  // namespace

TEST_CASE("testkit: a call is one line, as JSON and as binary content") {
  const App app = my_app();
  SimulatedApp world(app);
  CHECK(world.call("twice", "21") == "42");
  CHECK(world.call_binary("twice", std::string("\0\0\0\3", 4)) ==
        std::string("result\0\0\0\6", 10));
  CHECK(world.call("blocking") == R"("done")");
}

TEST_CASE("testkit: an error reply is told with its status") {
  const App app = my_app();
  SimulatedApp world(app);
  CHECK(world.call("nobody") == R"(invalid_action: invalid action "nobody".)");
  CHECK(world.call("twice", "true").starts_with("invalid_argument: twice: expected an integer"));
}

TEST_CASE("testkit: a coroutine takes several values, structs among them") {
  const App app = my_app();
  SimulatedApp world(app);
  CHECK(world.call("say", R"({"pause": {"seconds": 5, "word": "!"}, "word": "now"})") ==
        R"("now!")");
  CHECK(world.call("say", R"(["now", {"seconds": 1}])") == R"("now")");
  CHECK(world.call("say", R"(["now", {"seconds": "1"}])").find("/value/1/seconds") !=
        std::string::npos);
}

TEST_CASE("testkit: a handler that waits takes the world's time, not ours") {
  const App app = my_app();
  SimulatedApp world(app);
  const auto began = world.now();
  CHECK(world.call("later", "5") == R"("after 5 s")");
  CHECK(world.now() - began >= 5s);
  CHECK(world.now() - began < 6s);
  CHECK(world.call("later", "21").starts_with("deadline_exceeded: "));
}

TEST_CASE("testkit: split and delayed bytes change no answer") {
  const App app = my_app();
  SimulatedApp world(app);
  world.split();
  world.delay();
  CHECK(world.call("long", "100000").size() == 100'002);
  CHECK(world.call("twice", "21") == "42");
}

TEST_CASE("testkit: a reset breaks the call, and the next one connects anew") {
  const App app = my_app();
  SimulatedApp world(app);
  world.reset();
  CHECK(world.call("twice", "21").starts_with("no reply: "));
  world.calm();
  CHECK(world.call("twice", "21") == "42");
}

TEST_CASE("testkit: a jump in time ends an idle connection, which the next call replaces") {
  const App app = my_app();
  SimulatedApp world(app);
  CHECK(world.call("twice", "1") == "2");
  const auto before = world.now();
  world.jump(10min);
  CHECK(world.now() - before >= 10min);
  CHECK(world.call("twice", "2") == "4");
}

TEST_CASE("testkit: equal seeds give equal runs, others do not") {
  const auto run = [](std::uint64_t seed) {
    const App app = my_app();
    SimulatedApp world(app, {.seed = seed});
    world.split();
    world.delay();
    static_cast<void>(world.call("long", "50000"));
    return world.hash();
  };
  CHECK(run(1) == run(1));
  CHECK(run(1) != run(2));
}

TEST_CASE("testkit: the peer is the world's client, the same in each run") {
  const auto run = [] {
    App app;
    app.on("whoami", [](const Request& request) { return request.peer().address; });
    SimulatedApp world(app);
    return world.call("whoami");
  };
  CHECK(run().starts_with("\"10.0.0.2:"));
  CHECK(run() == run());
}

TEST_CASE("testkit: a handler that blocks may ask what its call has left") {
  App app;
  app.on("left",
         [](const CallContext& call) {
           return !call.stop_token().stop_requested() && call.deadline().has_value();
         },
         {.blocks = true, .time_limit = 2s});
  SimulatedApp world(app);
  CHECK(world.call("left") == "true");
}

TEST_CASE("testkit: a handler that cannot work is refused at the start, here and by run()") {
  const char* const argv[] = {"daemon", "--listen", "app://127.0.0.1:0"};
  App app(3, argv);
  SUBCASE("a coroutine that blocks") { app.on("act", answer_later, {.blocks = true}); }
  SUBCASE("a context where nothing waits") {
    app.on("act", [](CallContext) { return 1; }, {.summary = "waits for nothing"});
  }
  SUBCASE("a time limit where nothing waits") {
    app.on("act", [] { return 1; }, {.time_limit = 1s});
  }
  CHECK_THROWS_AS(SimulatedApp{app}, std::invalid_argument);
  CHECK(app.run() == 1);
}

TEST_CASE("testkit: layers are part of the app") {
  App app = my_app();
  app.use(rate_limit({.per_second = 0.001, .burst = 2}, all_together()));
  SimulatedApp world(app);
  CHECK(world.call("twice", "1") == "2");
  CHECK(world.call("twice", "1") == "2");
  CHECK(world.call("twice", "1").starts_with("overloaded: "));
}

}  // namespace appd::test
