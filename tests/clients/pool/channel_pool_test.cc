// Which calls are tried again, when, and what they are told: against a fake server, in a calm
// world.
#include "appd/clients/pool/channel_pool.h"

#include <doctest/doctest.h>

#include <deque>
#include <optional>

#include "tests/clients/fake_server.h"
#include "tests/support/calm_loop.h"

namespace appd::clients {
namespace {

using namespace std::chrono_literals;
using testing::FakePeer;
using testing::message;

constexpr std::string_view kKeptReply = R"("connection": "keep-alive", "status": "ok")";

struct PoolFixture {
  explicit PoolFixture(testing::FakeServer::Behaviour behaviour,
                       testing::FakeServer::Behaviour on_accept = {}, CallLimits limits = {})
      : loop(world.backend()),
        server(std::in_place, loop, std::move(behaviour), std::move(on_accept)),
        pool(loop, nullptr, limits) {
    address.host = server->endpoint().host();
    address.port = server->endpoint().port();
  }

  struct Asked {
    std::unique_ptr<PooledCall> call;
    std::optional<protocol::Result<Reply>> result;
    reactor::TimePoint at = {};

    [[nodiscard]] std::string told() const {
      if (!result) return "nothing";
      if (*result) return (*result)->content;
      return std::string(protocol::status_name(protocol::status_of(result->error()))) + ": " +
             result->error().message;
    }
  };
  Asked& ask(CallPolicy policy, reactor::Duration within = 10s) {
    policy.deadline = loop.now() + within;
    Asked& one = asked.emplace_back();
    Request request;
    request.content = R"({"action": "echo", "value": 1})";
    request.keep_alive = true;
    one.call = pool.start(address, std::move(request), policy,
                          [&one, this](protocol::Result<Reply> reply) {
                            REQUIRE(!one.result);
                            one.result.emplace(std::move(reply));
                            one.at = loop.now();
                          });
    CHECK(!one.result);  // never from within
    return one;
  }
  void settle() { testing::settle(world, loop); }
  void pass(reactor::Duration time) {
    for (; time > 0ms; time -= 1ms) {
      world.pass(1ms);
      settle();
    }
  }
  std::string settled(Asked& one) {
    settle();
    return one.told();
  }

  testing::CalmWorld world;
  reactor::EventLoop loop;
  std::optional<testing::FakeServer> server;
  protocol::Address address;
  ChannelPool pool;
  std::deque<Asked> asked;
};

// The first `refusals` requests are answered with `status` and a close, the others with their
// number.
testing::FakeServer::Behaviour refusing(int refusals, const std::string& status, int& requests) {
  return [refusals, status, &requests](FakePeer& peer) {
    while (!peer.take_message().empty()) {
      if (requests++ < refusals) {
        peer.send(message(R"({"result": "Error: not now"})", R"("status": ")" + status + '"'));
        peer.close();
        return;
      }
      peer.send(message(R"({"result": )" + std::to_string(requests) + '}', kKeptReply));
    }
  };
}

// The first `count` connections break when a request has come; the others answer it.
testing::FakeServer::Behaviour breaking(std::size_t count, int& requests) {
  return [count, &requests](FakePeer& peer) {
    if (peer.take_message().empty()) return;
    ++requests;
    if (peer.number < count) {
      peer.reset();
    } else {
      peer.send(message(R"({"result": 7})", kKeptReply));
    }
  };
}

TEST_CASE("pool: what an overloaded server refused is tried again, no more often than it may be") {
  int requests = 0;
  PoolFixture fixture(refusing(2, "overloaded", requests));
  auto& impatient = fixture.ask({.retries = 0});
  CHECK(fixture.settled(impatient).find("not now") != std::string::npos);
  CHECK((*impatient.result)->status == "overloaded");  // the reply as it came
  auto& patient = fixture.ask({.retries = 1});
  fixture.pass(30ms);
  CHECK(patient.told() == R"({"result": 3})");
}

TEST_CASE("pool: what a server could not finish may have been begun") {
  for (const std::string status : {"shutting_down", "unavailable"}) {
    CAPTURE(status);
    int requests = 0;
    PoolFixture fixture(refusing(2, status, requests));
    auto& once = fixture.ask({.retries = 3});
    CHECK(fixture.settled(once).find("not now") != std::string::npos);
    auto& idempotent = fixture.ask({.retries = 1, .idempotent = true});
    fixture.pass(30ms);
    CHECK(idempotent.told() == R"({"result": 3})");
  }
}

TEST_CASE("pool: an error that another try would not change is told at once") {
  int requests = 0;
  PoolFixture fixture(refusing(1, "invalid_argument", requests));
  auto& one = fixture.ask({.retries = 5});
  CHECK(fixture.settled(one).find("not now") != std::string::npos);
  CHECK(requests == 1);
}

TEST_CASE("pool: pauses double, between half and all of what they may be, up to the longest") {
  int requests = 0;
  PoolFixture fixture(refusing(100, "overloaded", requests), {},
                      {.first_pause = 100ms, .longest_pause = 400ms});
  fixture.ask({.retries = 5}, 1min);
  std::vector<reactor::Duration> pauses;
  reactor::TimePoint before = fixture.loop.now();
  fixture.settle();
  for (int seen = requests; pauses.size() < 5;) {
    fixture.pass(1ms);
    if (requests == seen) continue;
    seen = requests;
    pauses.push_back(fixture.loop.now() - std::exchange(before, fixture.loop.now()));
  }
  const std::vector<reactor::Duration> most = {100ms, 200ms, 400ms, 400ms, 400ms};
  for (std::size_t i = 0; i < most.size(); ++i) {
    CAPTURE(i);
    CHECK(pauses[i] >= most[i] / 2);
    CHECK(pauses[i] <= most[i] + 2ms);
  }
}

TEST_CASE(
    "pool: a call that may have been carried out is tried again only where it is idempotent") {
  int requests = 0;
  PoolFixture fixture(breaking(2, requests), {}, {.channels_per_server = 1});
  auto& once = fixture.ask({.retries = 3});
  fixture.pass(100ms);
  CHECK(once.told().starts_with("unavailable: "));
  CHECK(requests == 1);
  auto& idempotent = fixture.ask({.retries = 3, .idempotent = true});
  fixture.pass(100ms);
  CHECK(idempotent.told() == R"({"result": 7})");
  CHECK(requests == 3);
}

TEST_CASE("pool: what waited behind a request that was lost has not been carried out") {
  int requests = 0;
  PoolFixture fixture(breaking(1, requests), {}, {.channels_per_server = 1});
  auto& sent = fixture.ask({.retries = 3});
  auto& behind = fixture.ask({.retries = 3});  // waits until the server keeps the connection
  fixture.pass(100ms);
  CHECK(sent.told().starts_with("unavailable: "));
  CHECK(behind.told() == R"({"result": 7})");
}

TEST_CASE("pool: nobody there is tried again, and told when that was enough") {
  PoolFixture fixture([](FakePeer&) {});
  fixture.address.port = 1;
  auto& one = fixture.ask({.retries = 2});
  fixture.settle();
  CHECK(one.told() == "nothing");
  fixture.pass(100ms);
  CHECK(one.told().starts_with("unavailable: cannot connect to app://"));
}

TEST_CASE("pool: a server that is waited for is tried until the deadline, beyond the budget") {
  PoolFixture fixture([](FakePeer&) {}, {}, {.longest_pause = 500ms, .retry_budget = 0});
  fixture.address.port = 1;
  auto& one = fixture.ask({.wait_for_ready = true}, 5s);
  fixture.pass(4900ms);
  CHECK(one.told() == "nothing");
  fixture.pass(100ms);
  CHECK(one.told().starts_with("deadline_exceeded: no reply from app://"));
  CHECK(one.told().find("; the last try: cannot connect") != std::string::npos);
}

TEST_CASE("pool: waiting for a server costs none of the retries") {
  int requests = 0;
  PoolFixture fixture(refusing(1, "overloaded", requests));
  fixture.world.world().faults.connect_refused = 1'000'000;
  auto& one = fixture.ask({.retries = 1, .wait_for_ready = true});
  fixture.pass(1s);
  CHECK(one.told() == "nothing");
  fixture.world.world().faults.connect_refused = 0;
  fixture.pass(5s);
  CHECK(one.told() == R"({"result": 2})");
}

TEST_CASE("pool: a pause that would end behind the deadline is not made") {
  int requests = 0;
  PoolFixture fixture(refusing(100, "overloaded", requests), {}, {.first_pause = 10s});
  auto& one = fixture.ask({.retries = 5}, 1s);
  CHECK(fixture.settled(one).find("not now") != std::string::npos);
}

TEST_CASE("pool: a further try tells the server how much time is left") {
  std::vector<std::string> came;
  PoolFixture fixture(
      [&](FakePeer& peer) {
        const std::string one = peer.take_message();
        if (one.empty()) return;
        came.push_back(one);
        if (came.size() == 1) {
          peer.send(message(R"({"result": "Error: full"})", R"("status": "overloaded")"));
          peer.close();
        } else {
          peer.send(message(R"({"result": 1})", kKeptReply));
        }
      },
      {}, {.first_pause = 1s});
  auto& one = fixture.ask({.retries = 1}, 10s);
  fixture.pass(1100ms);
  CHECK(one.told() == R"({"result": 1})");
  REQUIRE(came.size() == 2);
  const auto deadline = [&](std::size_t i) {
    const std::string field = R"("deadline-ms": )";
    return std::stoi(came[i].substr(came[i].find(field) + field.size()));
  };
  CHECK(deadline(0) >= 9'990);
  CHECK(deadline(1) <= 9'500);
  CHECK(deadline(1) >= 8'900);
  // And is, but for that, the same.
  CHECK(came[0].substr(came[0].find('}')) == came[1].substr(came[1].find('}')));
}

TEST_CASE("pool: all calls together are tried again no more than the budget has") {
  int requests = 0;
  PoolFixture fixture(refusing(1'000, "overloaded", requests), {}, {.retry_budget = 3});
  for (int i = 0; i < 10; ++i) fixture.ask({.retries = 1});
  fixture.pass(100ms);
  CHECK(requests == 13);
  for (const auto& one : fixture.asked) CHECK(one.result);
}

TEST_CASE("pool: ten calls that succeed earn a further try") {
  int requests = 0;
  PoolFixture fixture(
      [&](FakePeer& peer) {
        while (!peer.take_message().empty()) {
          if (++requests > 10) {
            peer.send(message(R"({"result": "Error: full"})", R"("status": "overloaded")"));
            peer.close();
            return;
          }
          peer.send(message(R"({"result": 1})", kKeptReply));
        }
      },
      {}, {.retry_budget = 1});
  auto spend = [&] {
    fixture.ask({.retries = 1});
    fixture.pass(50ms);
  };
  for (int i = 0; i < 10; ++i) fixture.ask({});
  fixture.settle();
  CHECK(requests == 10);  // the budget was full before
  spend();
  CHECK(requests == 12);
  spend();
  CHECK(requests == 13);  // it is used up
}

TEST_CASE("pool: a call that pauses may be given up") {
  int requests = 0;
  PoolFixture fixture(refusing(1, "overloaded", requests));
  auto& one = fixture.ask({.retries = 1});
  fixture.settle();
  one.call.reset();
  fixture.pass(100ms);
  CHECK(requests == 1);
  CHECK(!one.result);
}

TEST_CASE("pool: a limit of the pool's own is a reason to try again") {
  PoolFixture fixture(
      [](FakePeer& peer) {
        while (!peer.take_message().empty()) peer.send(message(R"({"result": 1})", kKeptReply));
      },
      {}, {.max_calls = 1});
  auto& first = fixture.ask({});
  auto& second = fixture.ask({.retries = 1});
  auto& third = fixture.ask({});
  fixture.pass(50ms);
  CHECK(first.told() == R"({"result": 1})");
  CHECK(second.told() == R"({"result": 1})");
  CHECK(third.told().starts_with("overloaded: too many calls"));
}

}  // namespace
}  // namespace appd::clients
