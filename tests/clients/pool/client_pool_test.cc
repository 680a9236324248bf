// The pool of threads: its faces and its end, with real sockets and threads.
#include <appd/app.h>
#include <appd/client_pool.h>
#include <doctest/doctest.h>

#include <atomic>
#include <latch>
#include <thread>
#include <tuple>
#include <vector>

#include "appd/servers/server.h"
#include "tests/clients/pool/coroutines.h"

namespace appd {
namespace {

using namespace std::chrono_literals;

struct Point {
  std::int64_t x = 0;
  std::optional<std::string> name;
  friend bool operator==(const Point&, const Point&) = default;
};
APPD_FIELDS(Point, x, name);

Task<std::int64_t> later(std::int64_t value, CallContext call) {
  co_await call.sleep(20ms);
  co_return value;
}

class ServerThread {
 public:
  explicit ServerThread(const Address& address = parse_address("app://127.0.0.1:0").value()) {
    app_.on("later", later);
    app_.on("sum", [](const std::vector<std::int64_t>& all) {
      std::int64_t sum = 0;
      for (const auto one : all) sum += one;
      return sum;
    });
    app_.on("moved", [](Point point) {
      point.x += 1;
      return point;
    });
    app_.on("set",
            [](const std::string& key, std::int64_t value) {
              return key + "=" + std::to_string(value);
            },
            {.parameters = {"key", "value"}});
    app_.on("reversed", [](std::vector<std::byte> bytes) {
      std::reverse(bytes.begin(), bytes.end());
      return bytes;
    });
    app_.on("nothing", [] {});
    app_.on("refuse", [](const std::string& text) -> Result<std::string> {
      return fail(Status::kOutOfRange, text);
    });
    app_.on("never", [](CallContext call) -> Task<> { co_await call.sleep(1h); });
    app_.on("headers", [](const Request& request) {
      const auto id = request.header->request_id;
      return std::string(id);
    });
    options_.limits.max_connections = 1000;
    server_.emplace(options_.limits, 1, log_, app_.registry(options_), servers::ServerParts{});
    address_ = server_->listen(address).front();
    thread_ = std::thread([this] { server_->run(); });
  }
  ~ServerThread() {
    server_->stop();
    thread_.join();
  }
  [[nodiscard]] const Address& address() const { return address_; }

 private:
  App app_;
  daemon::Options options_;
  Address address_;
  logging::Log log_{{.level = logging::Level::kOff, .format = {}, .file = {}}};
  std::optional<servers::Server> server_;
  std::thread thread_;
};

TEST_CASE("client pool: values of all kinds go and come back") {
  ServerThread server;
  ClientPool pool(server.address());
  CHECK(pool.call<std::int64_t>("sum", std::vector<std::int64_t>{1, 2, 3}) == 6);
  CHECK(pool.call<Point>("moved", Point{.x = 1, .name = "a"}) == Point{.x = 2, .name = "a"});
  CHECK(pool.call<std::string>("set", std::tuple(std::string("k"), 7)) == "k=7");
  CHECK(pool.call("nothing"));
  const std::vector<std::byte> bytes{std::byte(1), std::byte(0), std::byte(255)};
  CHECK(pool.call<std::vector<std::byte>>("reversed", bytes)->front() == std::byte(255));
  CHECK(pool.call<Json>("moved", Json::parse(R"({"x": 4})").value())->text() == R"({"x": 5})");
  const auto reply = pool.call<ClientReply>("sum", std::vector<std::int64_t>{4});
  CHECK(reply->status == "ok");
  CHECK(pool.call<std::string>("headers", {}, {.fields = {{"request-id", "17"}}}) == "17");
}

TEST_CASE("client pool: what goes wrong has a status and a text") {
  ServerThread server;
  ClientPool pool(server.address());
  const auto told = [](const auto& result) {
    REQUIRE(!result);
    return std::string(protocol::status_name(status_of(result.error()))) + ": " +
           result.error().message;
  };
  CHECK(told(pool.call<std::string>("refuse", "too far")) == "out_of_range: too far");
  CHECK(told(pool.call<std::int64_t>("refuse", 1)).starts_with("invalid_argument: refuse: "));
  CHECK(told(pool.call<Point>("set", std::tuple(std::string("k"), 7))) ==
        R"(invalid_content: the result of set: expected an object with x and perhaps name )"
        R"(at JSON pointer "/result", but a string came: "k=7")");
  CHECK(told(pool.call("nothing", "\xff")).starts_with("invalid_argument: nothing: "));
  CHECK(told(pool.call("never", {}, {.deadline = 20ms})).starts_with("deadline_exceeded: "));
  CHECK(told(pool.call("absent")).starts_with("invalid_action: "));
  const std::string huge(70'000, 'a');
  CHECK(told(pool.call<std::vector<std::byte>>(huge, std::vector<std::byte>(1)))
            .starts_with("invalid_argument: "));
}

TEST_CASE("client pool: an address is looked at when the pool is made") {
  CHECK_THROWS_AS(ClientPool("raw://127.0.0.1:1"), std::invalid_argument);
  CHECK_THROWS_AS(ClientPool("nonsense://"), std::invalid_argument);
  ClientPool nobody("app://127.0.0.1:1", {.retries = 0});
  CHECK(status_of(nobody.call("x").error()) == Status::kUnavailable);
  ClientPool nowhere("app://no-such-host.invalid:1", {.retries = 0});
  CHECK(status_of(nowhere.call("x").error()) == Status::kUnavailable);
}

TEST_CASE("client pool: many threads share few connections, and each gets its own replies") {
  ServerThread server;
  ClientPool pool(server.address(), {.connections = 3});
  std::atomic<int> right = 0;
  std::vector<std::thread> callers;
  for (std::int64_t caller = 0; caller < 8; ++caller) {
    callers.emplace_back([&, caller] {
      for (std::int64_t i = 0; i < 100; ++i) {
        const std::vector<std::int64_t> values{caller * 1000, i};
        if (pool.call<std::int64_t>("sum", values) == caller * 1000 + i) ++right;
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  CHECK(right == 800);
}

TEST_CASE("client pool: futures and callbacks") {
  ServerThread server;
  ClientPool pool(server.address());
  std::vector<std::future<Result<std::int64_t>>> futures;
  for (std::int64_t i = 0; i < 20; ++i) futures.push_back(pool.submit<std::int64_t>("later", i));
  for (std::int64_t i = 0; i < 20; ++i) CHECK(futures[static_cast<std::size_t>(i)].get() == i);
  CHECK(status_of(pool.submit("nothing", "\xff").get().error()) == Status::kInvalidArgument);

  std::promise<std::string> told;
  const auto started = pool.start<std::int64_t>(
      "later", 7, {.deadline = 10s}, [&](const Result<std::int64_t>& result) {
        // A callback may call, but not wait.
        const auto waited = pool.call<std::int64_t>("later", 1);
        told.set_value(std::to_string(result.value()) + " " + waited.error().message);
      });
  REQUIRE(started);
  CHECK(told.get_future().get() == "7 a callback of the pool cannot wait for the pool");
  CHECK(!pool.start<void>("nothing", "\xff", {}, [](const Result<void>&) { FAIL("refused"); }));
}

TEST_CASE("client pool: a call that is given up is not told") {
  ServerThread server;
  ClientPool pool(server.address());
  const auto call =
      pool.start<void>("never", {}, {}, [](const Result<void>&) { FAIL("it was given up"); });
  REQUIRE(call);
  pool.give_up(*call);
  pool.give_up(*call);  // once more does no harm
  CHECK(pool.call("nothing"));
}

// Coroutines, each told by its end.
testing::Detached add(ClientPool& pool,
                      std::promise<std::pair<std::thread::id, std::int64_t>>& end) {
  const std::vector<std::int64_t> values{1, 2};
  const auto sum = co_await pool.async<std::int64_t>("sum", values);
  const auto refused = co_await pool.async("nothing", "\xff");
  CHECK(status_of(refused.error()) == Status::kInvalidArgument);
  end.set_value({std::this_thread::get_id(), sum.value()});
}

CallOptions resuming_on(testing::RunLoop& loop) {
  return {.resume_on = [&loop](std::function<void()> f) { loop.post(std::move(f)); }};
}

testing::Detached wait_on(testing::RunLoop& loop, ClientPool& pool, std::thread::id& end) {
  const CallOptions options = resuming_on(loop);
  const auto result = co_await pool.async<std::int64_t>("later", 5, options);
  CHECK(result == 5);
  end = std::this_thread::get_id();
  loop.stop();
}

testing::Owned wait_in_vain(testing::RunLoop& loop, ClientPool& pool) {
  const CallOptions options = resuming_on(loop);
  (void)co_await pool.async<std::int64_t>("later", 5, options);
  FAIL("nobody waits for it");
}

TEST_CASE("client pool: a coroutine goes on, on the pool's thread or where it was told to") {
  ServerThread server;
  ClientPool pool(server.address());
  std::promise<std::pair<std::thread::id, std::int64_t>> end;
  add(pool, end);
  const auto [thread, sum] = end.get_future().get();
  CHECK(sum == 3);
  CHECK(thread != std::this_thread::get_id());

  testing::RunLoop here;
  std::thread::id where;
  wait_on(here, pool, where);
  here.run();
  CHECK(where == std::this_thread::get_id());
}

TEST_CASE("client pool: a coroutine that is destroyed while it waits is not resumed") {
  ServerThread server;
  ClientPool pool(server.address());
  testing::RunLoop here;
  { const testing::Owned dropped = wait_in_vain(here, pool); }
  CHECK(pool.call<std::int64_t>("later", 6) == 6);  // behind it, or on another connection
  here.stop();
  here.run();
}

TEST_CASE("client pool: calls under way end with the pool, and what they start then is refused") {
  ServerThread server;
  std::atomic<int> told = 0;
  std::optional<Result<ClientPool::CallId>> again;
  {
    ClientPool pool(server.address());
    for (int i = 0; i < 10; ++i) {
      CHECK(pool.start<void>("never", {}, {}, [&](const Result<void>& result) {
        CHECK(status_of(result.error()) == Status::kUnavailable);
        if (++told == 1) again = pool.start<void>("nothing", {}, {}, [](const Result<void>&) {});
      }));
    }
  }
  CHECK(told == 10);
  CHECK(status_of(again->error()) == Status::kUnavailable);
}

TEST_CASE("client pool: who waits for a server that starts later is served") {
  std::optional<ServerThread> server(std::in_place);
  const Address address = server->address();
  server.reset();
  ClientPool pool(address);
  auto waiting = pool.submit<std::int64_t>("later", 9, {.deadline = 1min, .wait_for_ready = true});
  server.emplace(address);
  CHECK(waiting.get() == 9);
}

}  // namespace
}  // namespace appd
