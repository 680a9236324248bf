#include <doctest/doctest.h>

#include <optional>

#include "appd/clients/appctl/bench_command.h"
#include "appd/clients/appctl/exit_code.h"
#include "tests/clients/appctl/command_streams.h"
#include "tests/clients/load/load_fixture.h"

namespace appd::clients {
namespace {

using std::chrono::duration_cast;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::FakePeer;
using testing::LoadFixture;
using testing::SlowServer;

double ms(reactor::Duration duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

// A load on a server that takes `delay` for each request.
struct SlowLoad {
  explicit SlowLoad(reactor::Duration delay)
      : fixture([this](FakePeer& peer) { slow->on_request(peer); }) {
    slow.emplace(fixture.world, fixture.loop, delay);
  }
  LoadFixture fixture;
  std::optional<SlowServer> slow;
};

TEST_CASE("load: a schedule's requests are evenly due, and as many as fit") {
  const reactor::TimePoint begin(seconds(5));
  LoadSchedule schedule(begin, 3, seconds(2));
  CHECK(schedule.left() == 6);
  CHECK(schedule.due() == begin);
  for (int i = 0; i < 5; ++i) schedule.take();
  CHECK(schedule.due() - begin == reactor::Duration(1'666'666'667));
  schedule.take();
  CHECK(schedule.finished());
}

TEST_CASE("load: a closed loop's rate is what the server's delay allows") {
  SlowLoad load(milliseconds(10));
  load.fixture.plan.connections = 4;
  load.fixture.plan.pipeline = 2;
  const LoadResult result = load.fixture.run();
  CHECK(result.errors == 0);
  CHECK(result.requests_per_second() == doctest::Approx(800).epsilon(0.02));
  CHECK(ms(result.latency.min()) == doctest::Approx(10));
  CHECK(ms(result.latency.max()) == doctest::Approx(10));
}

TEST_CASE("load: what ends in the warm-up does not count") {
  SlowLoad load(milliseconds(10));
  load.fixture.plan.warmup = seconds(3);
  const LoadResult result = load.fixture.run();
  CHECK(result.requests == doctest::Approx(100).epsilon(0.02));
  CHECK(load.fixture.window_end - load.fixture.window_begin == seconds(1));
}

TEST_CASE("load: an open loop sends what is due, and no more") {
  SlowLoad load(milliseconds(3));
  load.fixture.plan.connections = 8;
  load.fixture.plan.rate = 1000;
  load.fixture.plan.warmup = seconds(1);
  load.fixture.plan.duration = seconds(2);
  const LoadResult result = load.fixture.run();
  CHECK(result.requests == 2000);
  CHECK(result.errors == 0);
  CHECK(ms(result.latency.max()) == doctest::Approx(3));
  CHECK(result.lateness.max() == reactor::Duration::zero());
  CHECK(result.engine_busy < 0.5);  // of 2 s that took no time
  CHECK_FALSE(result.engine_was_bottleneck());
}

// 1,000 of the 10,000 requests are due while the server is stopped; the one that is due at s waits
// for 1 s - s. One in a hundred waits longer than 0.9 s.
TEST_CASE("load: a server stopped for 1 s of 10 s shows in the percentiles as arithmetic says") {
  for (const std::size_t connections : {1U, 4U, 64U}) {
    CAPTURE(connections);
    SlowLoad load(microseconds(100));
    LoadFixture& fixture = load.fixture;
    fixture.plan.connections = connections;
    fixture.plan.pipeline = 16;
    fixture.plan.rate = 1000;
    fixture.plan.duration = seconds(10);
    load.slow->stop_between(fixture.now() + seconds(4), fixture.now() + seconds(5));
    const LoadResult result = fixture.run();
    CHECK(result.requests == 10'000);
    CHECK(result.errors == 0);
    CHECK(ms(result.latency.quantile(0.5)) == doctest::Approx(0.1).epsilon(0.01));
    CHECK(ms(result.latency.quantile(0.95)) == doctest::Approx(500).epsilon(0.02));
    CHECK(ms(result.latency.quantile(0.99)) == doctest::Approx(900).epsilon(0.01));
    CHECK(ms(result.latency.max()) == doctest::Approx(1000).epsilon(0.01));
    // The wait was the server's: the engine sent in time what it could send.
    CHECK(result.lateness.max() == reactor::Duration::zero());
  }
}

TEST_CASE("load: a server that is too slow for the rate makes latency grow to the end") {
  SlowLoad load(milliseconds(2));  // 500 a second over one connection
  load.fixture.plan.rate = 1000;
  const LoadResult result = load.fixture.run();
  CHECK(result.requests == 1000);
  CHECK(result.errors == 0);
  CHECK(ms(result.latency.max()) == doctest::Approx(1000).epsilon(0.01));
  CHECK(result.requests_per_second() == doctest::Approx(500).epsilon(0.01));
}

TEST_CASE("load: requests that never get a reply are errors that took as long as they waited") {
  LoadFixture fixture([](FakePeer&) {});
  fixture.plan.rate = 10;
  fixture.plan.timeout = seconds(5);
  const LoadResult result = fixture.run();
  CHECK(result.requests == 10);
  CHECK(result.errors == 10);
  CHECK(result.timeouts == 10);
  CHECK(result.latency.max() >= seconds(5));
}

TEST_CASE("load: a closed loop on a server that never answers ends, with errors") {
  LoadFixture fixture([](FakePeer&) {});
  fixture.plan.connections = 3;
  fixture.plan.pipeline = 2;
  fixture.plan.timeout = seconds(2);
  const LoadResult result = fixture.run();
  CHECK(result.requests == 6);
  CHECK(result.timeouts == 6);
  CHECK(result.requests_per_second() == 0);
}

// Sends what it has a piece a second.
class Trickle {
 public:
  explicit Trickle(reactor::EventLoop& loop)
      : loop_(loop), timer_(reactor::Timer::calling<&Trickle::on_timer>(loop.timers(), *this)) {}
  void send(FakePeer& peer, std::string_view bytes) {
    peer_ = &peer;
    rest_ += bytes;
    on_timer();
  }

 private:
  void on_timer() {
    peer_->send(std::string_view(rest_).substr(0, 1'000));
    rest_.erase(0, 1'000);
    if (!rest_.empty()) timer_.arm(loop_.now() + seconds(1));
  }
  reactor::EventLoop& loop_;
  FakePeer* peer_ = nullptr;
  std::string rest_;
  reactor::Timer timer_;
};

TEST_CASE("load: a reply that comes slowly, but comes, is no time-out") {
  std::optional<Trickle> trickle;
  const std::string reply = testing::message(std::string(4'000, ' ') + R"({"result": 1})",
                                             R"("connection": "keep-alive", "status": "ok")");
  LoadFixture fixture([&](FakePeer& peer) {
    while (!peer.take_message().empty()) trickle->send(peer, reply);
  });
  trickle.emplace(fixture.loop);
  fixture.plan.reply = reply;
  fixture.plan.duration = seconds(20);
  fixture.plan.timeout = seconds(2);
  const LoadResult result = fixture.run();
  CHECK(result.requests - result.errors >= 3);
  CHECK(result.errors <= 1);  // what was under way at the window's end
  trickle.reset();
}

TEST_CASE("load: one wrong byte in a reply is an error, and the connection goes on") {
  std::size_t answered = 0;
  LoadFixture fixture([&](FakePeer& peer) {
    while (!peer.take_message().empty()) {
      std::string reply = testing::kLoadReply;
      if (++answered == 7) reply[reply.size() - 2] = '2';
      peer.send(reply);
    }
  });
  fixture.plan.rate = 100;
  const LoadResult result = fixture.run();
  CHECK(result.requests == 100);
  CHECK(result.errors == 1);
  CHECK(result.wrong_replies == 1);
  CHECK(result.first_error == "a reply differs from the first one");
  CHECK(fixture.server.accepted() == 1);
}

TEST_CASE("load: a wrong reply cut at any byte is told from the right ones around it") {
  const std::string wrong = testing::message(R"({"result": "Error: no"})",
                                             R"("connection": "keep-alive", "status": "internal")");
  const std::string three = testing::kLoadReply + wrong + testing::kLoadReply;
  for (std::size_t cut = 1; cut < three.size(); ++cut) {
    CAPTURE(cut);
    std::size_t taken = 0;
    LoadFixture fixture([&](FakePeer& peer) {
      while (!peer.take_message().empty()) ++taken;
      if (taken < 3) return;
      taken = 0;
      peer.send(std::string_view(three).substr(0, cut));
      peer.drip(std::string_view(three).substr(cut));
    });
    fixture.plan.pipeline = 3;
    fixture.plan.rate = 3;  // three requests, of which the last comes after 0.67 s
    const LoadResult result = fixture.run();
    REQUIRE(result.requests == 3);
    REQUIRE(result.wrong_replies == 1);
    REQUIRE(result.errors == 1);
    REQUIRE(result.first_error == "the server answered an error: no");
  }
}

TEST_CASE("load: a connection that breaks costs its requests and is opened again") {
  LoadFixture fixture([](FakePeer& peer) {
    while (!peer.take_message().empty()) {
      if (peer.number == 0) {
        peer.reset();
        return;
      }
      peer.send(testing::kLoadReply);
    }
  });
  fixture.plan.rate = 100;
  const LoadResult result = fixture.run();
  CHECK(result.requests == 100);
  CHECK(result.errors == 1);
  CHECK(result.broken == 1);
  CHECK(fixture.server.accepted() == 2);
}

TEST_CASE("load: bytes that nobody asked for are an error") {
  LoadFixture fixture(testing::answering(testing::kLoadReply + testing::kLoadReply));
  fixture.plan.rate = 10;
  CHECK(fixture.run().first_error == "the server sent bytes that no request had asked for");
}

TEST_CASE("load: a one-shot load makes a connection for each request") {
  LoadFixture fixture([](FakePeer& peer) {
    if (peer.take_message().empty()) return;
    peer.send(testing::kLoadReply);
    peer.close();
  });
  fixture.plan.one_shot = true;
  fixture.plan.server_closes = true;
  fixture.plan.connections = 4;
  fixture.plan.rate = 50;
  const LoadResult result = fixture.run();
  CHECK(result.requests == 50);
  CHECK(result.errors == 0);
  CHECK(fixture.server.accepted() == 50);
}

TEST_CASE("load: a one-shot load ends the connections that an echo server keeps open") {
  LoadFixture fixture([](FakePeer& peer) {
    peer.send(peer.received);
    peer.received.clear();
  });
  fixture.plan.protocol = protocol::Protocol::kRawEcho;
  fixture.plan.request = fixture.plan.reply = "ping";
  fixture.plan.one_shot = true;
  fixture.plan.rate = 50;
  const LoadResult result = fixture.run();
  CHECK(result.errors == 0);
  CHECK(fixture.server.accepted() == 50);
}

TEST_CASE("load: a server that is not there is an error before there is a result") {
  LoadFixture fixture(testing::answering());
  fixture.plan.endpoints = {reactor::Endpoint::ip("127.0.0.1", 1).value()};
  const auto result = LoadRun(fixture.loop, fixture.plan, fixture).run();
  REQUIRE_FALSE(result);
  CHECK(client_error_of(result.error()) == ClientError::kCannotConnect);
}

TEST_CASE("load: an engine that had no time left says that it was the bottleneck") {
  LoadResult result;
  result.latency.record(milliseconds(1), 1000);
  result.engine_busy = 0.5;
  CHECK_FALSE(result.engine_was_bottleneck());
  CHECK(result_text(result).find("bottleneck") == std::string::npos);
  result.engine_busy = 0.99;
  CHECK(result.engine_was_bottleneck());
  CHECK(result_text(result).find("bottleneck") != std::string::npos);
}

TEST_CASE("load: an engine whose own lateness makes the percentile says so") {
  LoadResult result;
  result.latency.record(milliseconds(1), 1000);
  result.lateness.record(microseconds(100), 1000);
  CHECK_FALSE(result.engine_was_bottleneck());
  result.lateness.record(microseconds(800), 50);
  CHECK(result.engine_was_bottleneck());
}

// appctl bench, as a person calls it
// ---------------------------------------------------------------

struct Ran {
  int exit_code;
  std::string out;
  std::string err;
};

Ran bench(const std::string& server, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"--server", server, "--duration", "0.05", "--warmup", "0"});
  const auto line = parse_command_line(arguments);
  REQUIRE_MESSAGE(line, line.error().message);
  REQUIRE(line->command == Command::kBench);
  const testing::CommandStreams streams;
  Console console(streams.streams());
  const int exit_code = console.finish(run_bench(*line, console));
  return {exit_code, streams.out(), streams.err()};
}

TEST_CASE("bench: every protocol can be loaded, and every reply is verified") {
  testing::FakeServerThread echo([](FakePeer& peer) {
    peer.send(peer.received);
    peer.received.clear();
  });
  for (const auto protocol : {protocol::Protocol::kRawEcho, protocol::Protocol::kFramedEcho,
                              protocol::Protocol::kMessageEcho}) {
    CAPTURE(protocol);
    const Ran ran = bench(echo.address(protocol).to_string(),
                          {"--connections", "3", "--pipeline", "4", "bench", "hello"});
    CHECK(ran.exit_code == kExitDone);
    CHECK(ran.out.find("errors    0\n") != std::string::npos);
  }
  testing::FakeServerThread app(testing::answering());
  const Ran ran = bench(app.app_address(), {"bench", "echo", "1"});
  CHECK(ran.exit_code == kExitDone);
  CHECK(ran.out.find("requests  0 ") == std::string::npos);
}

TEST_CASE("bench: the window's begin and end are told while it runs") {
  testing::FakeServerThread app(testing::answering());
  CHECK(bench(app.app_address(), {"bench", "echo", "1"}).err == "measuring\nmeasured\n");
}

TEST_CASE("bench: --output json is one flat object") {
  testing::FakeServerThread app(testing::answering());
  const Ran ran = bench(app.app_address(), {"--output", "json", "--rate", "200", "bench", "echo"});
  CHECK(ran.exit_code == kExitDone);
  CHECK(ran.out.starts_with(R"({"loop": "open", "connections": 1, "pipeline": 1, )"));
  CHECK(ran.out.find(R"("requests": 10, "errors": 0,)") != std::string::npos);
  CHECK(ran.out.find(R"("p99_us": )") != std::string::npos);
  CHECK(ran.out.ends_with("}\n"));
}

TEST_CASE("bench: an error for the first reply is the outcome") {
  testing::FakeServerThread app(testing::answering(testing::message(
      R"({"result": "Error: no"})", R"("connection": "keep-alive", "status": "internal")")));
  const Ran ran = bench(app.app_address(), {"bench", "echo", "1"});
  CHECK(ran.exit_code == kExitServerError);
  CHECK(ran.err == "appctl: no\n");
}

TEST_CASE("bench: a server that does not keep connections needs --one-shot") {
  testing::FakeServerThread app([](FakePeer& peer) {
    if (peer.take_message().empty()) return;
    peer.send(testing::message(R"({"result": 1})"));
    peer.close();
  });
  const Ran refused = bench(app.app_address(), {"bench", "echo", "1"});
  CHECK(refused.exit_code == kExitServerError);
  CHECK(refused.err.find("--one-shot") != std::string::npos);
  const Ran ran = bench(app.app_address(), {"--one-shot", "bench", "echo", "1"});
  CHECK(ran.exit_code == kExitDone);
  CHECK(ran.out.find("errors    0\n") != std::string::npos);
}

}  // namespace
}  // namespace appd::clients
