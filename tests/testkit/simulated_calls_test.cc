// What a handler that waits may ask for, in the simulated world: work in the pool, other servers.
#include <appd/test.h>
#include <doctest/doctest.h>

using namespace std::chrono_literals;

namespace appd::test {

namespace {

Task<Result<Json>> ask(std::string server, CallRequest request, CallContext call) {
  const auto answer = co_await call.call(parse_address(server).value(), std::move(request));
  if (!answer) co_return tl::unexpected(answer.error());
  co_return Json(answer->result().value());
}

// A coroutine of `call.call()` at a server, and what it answers.
App asking_app(const std::string& server) {
  App app;
  app.on("ask", [server](std::string action, CallContext call) {
    return ask(server, CallRequest(action, "21"), std::move(call));
  });
  app.on("ask-soon",
         [server](std::string action, CallContext call) {
           return ask(server, CallRequest(action, "21"), std::move(call));
         },
         {.time_limit = 1s});
  return app;
}

Task<std::string> answer_at_last(std::int64_t /*n*/, CallContext call) {
  co_await call.sleep(10s);
  co_return "at last";
}

App far_app() {
  App app;
  app.on("twice", [](std::int64_t n) { return 2 * n; });
  app.on("later", answer_at_last);
  app.on("refuse",
         [](std::int64_t) -> Result<std::int64_t> { return fail(Status::kOutOfRange, "too far"); });
  return app;
}

Task<Result<std::int64_t>> length_of(std::string text, CallContext call) {
  auto work = call.offload([text] { return static_cast<std::int64_t>(text.size()); });
  co_return co_await work;
}

Task<Result<std::int64_t>> factorial(std::int64_t n, CallContext call) {
  if (n <= 1) co_return 1;
  const auto self = parse_address(SimulatedApp::kAddress).value();
  const CallRequest request("factorial", std::to_string(n - 1));
  const auto answer = co_await call.call(self, request);
  if (!answer) co_return tl::unexpected(answer.error());
  const std::int64_t rest = *answer->result()->integer();
  co_return rest* n;
}

}  // namespace

// The pool --------------------------------------------------------------------------------------

TEST_CASE("testkit: offloaded work takes as long as the test says, in the world's time") {
  App app;
  app.on("length", length_of);
  SimulatedApp world(app);
  CHECK(world.call("length", R"("abc")") == "3");
  world.work_takes(20s);
  const auto began = world.now();
  CHECK(world.call("length", R"("abcd")") == "4");
  CHECK(world.now() - began >= 20s);
}

TEST_CASE("testkit: a handler that blocks holds up nobody, and its time limit counts") {
  App app;
  app.on("block", [] { return "done"; }, {.blocks = true, .time_limit = 2s});
  SimulatedApp world(app);
  world.work_takes(1s);
  CHECK(world.call("block") == R"("done")");
  world.work_takes(3s);
  CHECK(world.call("block").starts_with("deadline_exceeded: "));
}

TEST_CASE("testkit: as many jobs run at a time as the options say, and the queue has its limit") {
  App app;
  app.on("length", length_of);
  app.on("two", [](CallContext call) -> Task<Result<std::int64_t>> {
    auto first = call.offload([] { return std::int64_t{1}; });
    co_return co_await first;
  });
  daemon::Options options;
  options.limits.pool_threads = 1;
  options.limits.pool_queue = 0;
  SimulatedApp world(app, {.options = options});
  CHECK(world.call("two") == "1");
  CHECK(world.call("length", R"("ab")") == "2");
}

// Other servers ---------------------------------------------------------------------------------

TEST_CASE("testkit: a handler calls a server by its name, which the test put into the world") {
  const App app = asking_app("app://backend:7000");
  SimulatedApp world(app);
  world.serve("app://backend:7000", far_app());
  CHECK(world.call("ask", R"("twice")") == "42");
  CHECK(world.call("ask", R"("refuse")") == "out_of_range: too far");
  CHECK(world.call("ask", R"("nobody")") == R"(invalid_action: invalid action "nobody".)");
}

TEST_CASE("testkit: a handler calls a server by its number") {
  const App app = asking_app("app://10.9.8.7:65000");
  SimulatedApp world(app);
  world.serve("app://10.9.8.7:65000", far_app());
  CHECK(world.call("ask", R"("twice")") == "42");
}

TEST_CASE("testkit: a server that is not there, or has no such name, is unavailable") {
  const App by_number = asking_app("app://10.9.8.7:65000");
  CHECK(SimulatedApp(by_number).call("ask", R"("twice")").starts_with("unavailable: cannot "));
  const App by_name = asking_app("app://nobody:65000");
  CHECK(SimulatedApp(by_name).call("ask", R"("twice")") ==
        "unavailable: cannot connect to app://nobody:65000: resolve nobody: nobody is called so");
}

TEST_CASE("testkit: the deadline of a call is that of the call it makes") {
  const App app = asking_app("app://backend:7000");
  SimulatedApp world(app);
  world.serve("app://backend:7000", far_app());
  const auto began = world.now();
  CHECK(world.call("ask-soon", R"("later")").starts_with("deadline_exceeded: "));
  CHECK(world.now() - began < 2s);
  CHECK(world.call("ask", R"("later")") == R"("at last")");
}

TEST_CASE("testkit: split and delayed bytes change no answer of a far server") {
  const App app = asking_app("app://backend:7000");
  SimulatedApp world(app, {.seed = 3});
  world.serve("app://backend:7000", far_app());
  world.split();
  world.delay();
  for (int i = 0; i < 5; ++i) CHECK(world.call("ask", R"("twice")") == "42");
}

TEST_CASE("testkit: a server that crashes is unavailable, and found again when it is back") {
  const App app = asking_app("app://backend:7000");
  SimulatedApp world(app);
  world.serve("app://backend:7000", far_app());
  CHECK(world.call("ask", R"("twice")") == "42");
  world.crash("app://backend:7000");
  world.jump(1s);
  CHECK(world.call("ask", R"("twice")").starts_with("unavailable: "));
  world.serve("app://backend:7000", far_app());
  CHECK(world.call("ask", R"("twice")") == "42");
}

TEST_CASE("testkit: a server may call itself") {
  App app;
  app.on("factorial", factorial);
  SimulatedApp world(app);
  CHECK(world.call("factorial", "10") == "3628800");
  CHECK(world.call("factorial", "18").starts_with("internal: "));  // too many calls within calls
}

TEST_CASE("testkit: only addresses that can be served are taken") {
  SimulatedApp world(far_app());
  CHECK_THROWS_AS(world.serve("raw-echo://backend:7000", far_app()), std::invalid_argument);
  CHECK_THROWS_AS(world.serve("app+unix:///run/x", far_app()), std::invalid_argument);
  CHECK_THROWS_AS(world.serve("app://backend:0", far_app()), std::invalid_argument);
  CHECK_THROWS_AS(world.serve(SimulatedApp::kAddress, far_app()), std::invalid_argument);
  CHECK_THROWS_AS(world.crash("app://backend:7000"), std::invalid_argument);
}

}  // namespace appd::test
