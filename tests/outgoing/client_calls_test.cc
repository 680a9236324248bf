#include "appd/outgoing/client_calls.h"

#include <doctest/doctest.h>

#include "tests/outgoing/outgoing_fixture.h"

namespace appd::outgoing {
namespace {

using namespace std::chrono_literals;
using handlers::CallRequest;
using testing::FakePeer;
using testing::kKept;
using testing::message;
using testing::OutgoingFixture;

// Keeps the connection, and answers each request with the number that it has in all.
testing::FakeServer::Behaviour counting() {
  return [count = 0](FakePeer& peer) mutable {
    while (!peer.take_message().empty()) {
      peer.send(message(R"({"result": )" + std::to_string(count++) + '}', kKept));
    }
  };
}

// Takes all requests in, and answers none.
void silent(FakePeer& /*peer*/) {}

// Requests that have come over all connections, answered when the test says so.
struct Held {
  std::vector<std::pair<FakePeer*, std::string>> requests;
  testing::FakeServer::Behaviour behaviour() {
    return [this](FakePeer& peer) {
      for (std::string one; !(one = peer.take_message()).empty();)
        requests.emplace_back(&peer, one);
    };
  }
  void answer(std::size_t index, int value) {
    requests[index].first->send(message(R"({"result": )" + std::to_string(value) + '}', kKept));
  }
};

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

TEST_CASE("outgoing: a call says what it asks, how much time is left and how deep it is") {
  Held held;
  OutgoingFixture fixture(held.behaviour());
  fixture.ask_at(fixture.address(), fixture.within(2500ms, 3), CallRequest("search", "\"x\""));
  fixture.settle();
  REQUIRE(held.requests.size() == 1);
  const std::string& request = held.requests[0].second;
  CHECK(has(request, R"("connection": "keep-alive")"));
  CHECK(has(request, R"("deadline-ms": 2500)"));
  CHECK(has(request, R"("call-depth": 3)"));
  CHECK(has(request, R"({"action": "search", "value": "x"})"));
}

TEST_CASE("outgoing: a call without a deadline tells the limit of its own") {
  Held held;
  OutgoingFixture fixture(held.behaviour());
  fixture.ask(CallRequest::binary("double", "\1\2"));
  fixture.settle();
  REQUIRE(held.requests.size() == 1);
  CHECK(has(held.requests[0].second, R"("deadline-ms": 30000)"));
  CHECK(has(held.requests[0].second, R"("action": "double")"));
  CHECK(held.requests[0].second.ends_with("\1\2"));
}

TEST_CASE("outgoing: a reply is the handler's, JSON as UTF-8") {
  OutgoingFixture fixture([](FakePeer& peer) {
    if (peer.take_message().empty()) return;
    peer.send(message("{\"result\": \"\xe9\"}", kKept, "text/json", "latin-1"));
  });
  auto& one = fixture.ask();
  CHECK(fixture.settled(one) == "{\"result\": \"\xc3\xa9\"}");
  CHECK((*one.result)->content_encoding == "utf-8");
  CHECK((*one.result)->content_type == "text/json");
}

TEST_CASE("outgoing: the result of a reply is a value, where it has one") {
  const auto result_of = [](const std::string& content) {
    return handlers::CallReply{.content_type = {}, .content_encoding = {}, .content = content};
  };
  const auto whole = result_of(R"({"result": [1, 2]})");
  CHECK(whole.result()->text() == "[1, 2]");
  CHECK(!result_of(R"({"other": 1})").result());
  CHECK(!result_of("no JSON").result());
}

TEST_CASE("outgoing: an error reply is its status and text") {
  std::string status;
  std::string wanted;
  SUBCASE("one that we know") {
    status = R"(, "status": "out_of_range")";
    wanted = "out_of_range: too far";
  }
  SUBCASE("one that we do not know") {
    status = R"(, "status": "teapot")";
    wanted = "internal: too far";
  }
  SUBCASE("none, as the tutorial's server") { wanted = "internal: too far"; }
  OutgoingFixture fixture([&](FakePeer& peer) {
    if (peer.take_message().empty()) return;
    peer.send(message(R"({"result": "Error: too far"})", R"("connection": "keep-alive")" + status));
  });
  CHECK(fixture.settled(fixture.ask()) == wanted);
}

TEST_CASE("outgoing: a request that cannot be sent says why") {
  OutgoingFixture fixture(counting());
  CHECK(fixture.settled(fixture.ask(CallRequest("echo", "{"))).starts_with("invalid_content: "));
  CHECK(fixture.settled(fixture.ask(CallRequest("\xff", "1"))).starts_with("invalid_argument: "));
  CHECK(fixture.settled(fixture.ask(CallRequest::binary(std::string(70'000, 'a'), "")))
            .starts_with("invalid_argument: "));
  auto there = fixture.address();
  there.protocol = protocol::Protocol::kRawEcho;
  CHECK(has(fixture.settled(fixture.ask_at(there)), "invalid_argument: actions are called at app"));
  CHECK(fixture.settled(fixture.ask()) == R"({"result": 0})");
}

// Connections ------------------------------------------------------------------------------------

TEST_CASE("outgoing: a connection is kept for the calls that follow") {
  OutgoingFixture fixture(counting());
  for (int i = 0; i < 5; ++i) {
    CHECK(fixture.settled(fixture.ask()) == "{\"result\": " + std::to_string(i) + "}");
  }
  CHECK(fixture.server.accepted() == 1);
}

TEST_CASE("outgoing: calls share the connections of a server, and each gets its own reply") {
  OutgoingFixture fixture(
      [](FakePeer& peer) {
        for (std::string one; !(one = peer.take_message()).empty();) {
          peer.send(message(one.substr(one.find("{\"action\"")), kKept));
        }
      },
      {.channels_per_server = 2});
  for (int i = 0; i < 20; ++i) fixture.ask(CallRequest("echo", std::to_string(i)));
  fixture.settle();
  for (int i = 0; i < 20; ++i) {
    CHECK(fixture.asked[static_cast<std::size_t>(i)].told() ==
          R"({"action": "echo", "value": )" + std::to_string(i) + '}');
  }
  CHECK(fixture.server.accepted() == 2);
}

TEST_CASE("outgoing: calls of different depth never share a connection") {
  OutgoingFixture fixture(silent, {.channels_per_server = 1});
  fixture.ask({.depth = 1});
  fixture.ask({.depth = 2});
  fixture.ask({.depth = 1});
  fixture.settle();
  CHECK(fixture.server.accepted() == 2);
}

TEST_CASE("outgoing: a server that closes behind each reply is connected to again") {
  OutgoingFixture fixture(
      [](FakePeer& peer) {
        if (peer.take_message().empty()) return;
        peer.send(message(R"({"result": )" + std::to_string(peer.number) + '}'));
        peer.close();
      },
      {.channels_per_server = 1});
  auto& first = fixture.ask();
  auto& second = fixture.ask();
  fixture.settle();
  CHECK(first.told() == R"({"result": 0})");
  CHECK(second.told() == R"({"result": 1})");
}

TEST_CASE("outgoing: nobody there is unavailable, and the next call tries again") {
  OutgoingFixture fixture(counting());
  auto nowhere = fixture.address();
  nowhere.port = 1;
  const std::string told = fixture.settled(fixture.ask_at(nowhere));
  CHECK(told.starts_with("unavailable: cannot connect to app://" + nowhere.host + ":1: "));
  CHECK(fixture.calls.channel_count() == 0);
  CHECK(fixture.settled(fixture.ask_at(nowhere)) == told);
  CHECK(fixture.settled(fixture.ask()) == R"({"result": 0})");
}

TEST_CASE("outgoing: a broken connection is unavailable to all who wait for it, and replaced") {
  OutgoingFixture fixture(
      [](FakePeer& peer) {
        if (peer.take_message().empty()) return;
        if (peer.number == 0) {
          peer.reset();
        } else {
          peer.send(message(R"({"result": 7})", kKept));
        }
      },
      {.channels_per_server = 1});
  auto& first = fixture.ask();
  auto& second = fixture.ask();
  fixture.settle();
  CHECK(first.told().starts_with("unavailable: "));
  CHECK(second.told().starts_with("unavailable: "));
  CHECK(fixture.settled(fixture.ask()) == R"({"result": 7})");
}

TEST_CASE("outgoing: what is no reply is unavailable") {
  OutgoingFixture fixture([](FakePeer& peer) {
    peer.send("\xff\xffHTTP/1.1 200 OK");
    peer.close();
  });
  CHECK(fixture.settled(fixture.ask()).starts_with("unavailable: app://"));
}

TEST_CASE("outgoing: a connection that nobody waits for is closed") {
  OutgoingFixture fixture(counting(), {.idle_time = 3s});
  CHECK(fixture.settled(fixture.ask()) == R"({"result": 0})");
  fixture.pass(2900ms);
  CHECK(fixture.calls.channel_count() == 1);
  fixture.pass(100ms);
  CHECK(fixture.calls.channel_count() == 0);
  CHECK(fixture.settled(fixture.ask()) == R"({"result": 1})");
  CHECK(fixture.server.accepted() == 2);
}

// Time, and calls that are not wanted any more ---------------------------------------------------

TEST_CASE("outgoing: a call ends with its deadline, or with the limit of its own") {
  OutgoingFixture fixture(silent);
  auto& hurried = fixture.ask(fixture.within(1s));
  auto& patient = fixture.ask();
  fixture.pass(990ms);
  CHECK(hurried.told() == "nothing");
  fixture.pass(10ms);
  CHECK(hurried.told().starts_with("deadline_exceeded: no reply from app://"));
  fixture.pass(29s);
  CHECK(patient.told().starts_with("unavailable: no reply from app://"));
}

TEST_CASE("outgoing: a reply that comes late is dropped, and the next call gets its own") {
  Held held;
  OutgoingFixture fixture(held.behaviour(), {.channels_per_server = 1});
  auto& warm_up = fixture.ask();
  fixture.settle();
  held.answer(0, 0);
  fixture.settle();
  CHECK(warm_up.told() == R"({"result": 0})");
  auto& late = fixture.ask(fixture.within(1s));
  auto& next = fixture.ask();
  fixture.settle();
  fixture.pass(1s);
  CHECK(late.told().starts_with("deadline_exceeded"));
  REQUIRE(held.requests.size() == 3);
  held.answer(1, 1);
  held.answer(2, 2);
  fixture.settle();
  CHECK(next.told() == R"({"result": 2})");
  CHECK(fixture.server.accepted() == 1);
}

TEST_CASE("outgoing: a call that is given up is not sent, or its reply dropped") {
  Held held;
  OutgoingFixture fixture(held.behaviour(), {.channels_per_server = 1});
  auto& sent = fixture.ask(CallRequest("echo", "1"));
  auto& waiting = fixture.ask(CallRequest("echo", "2"));  // until the server keeps the connection
  auto& wanted = fixture.ask(CallRequest("echo", "3"));
  fixture.settle();
  sent.wait.reset();
  waiting.wait.reset();
  held.answer(0, 1);
  fixture.settle();
  REQUIRE(held.requests.size() == 2);
  CHECK(has(held.requests[1].second, R"("value": 3)"));
  held.answer(1, 3);
  CHECK(fixture.settled(wanted) == R"({"result": 3})");
  CHECK(!sent.done());
  CHECK(!waiting.done());
}

TEST_CASE("outgoing: a connection is closed that only calls nobody wants keep busy") {
  OutgoingFixture fixture(silent, {.idle_time = 3s});
  auto& sent = fixture.ask();
  fixture.settle();
  sent.wait.reset();
  fixture.pass(3s);
  CHECK(fixture.calls.channel_count() == 0);
}

TEST_CASE("outgoing: a server that owes a reply behind its deadline loses what waits behind it") {
  OutgoingFixture fixture(silent, {.channels_per_server = 1, .reply_grace = 5s});
  fixture.ask(fixture.within(1s));
  auto& behind = fixture.ask(fixture.within(1min));
  fixture.pass(5900ms);
  CHECK(behind.told() == "nothing");
  fixture.pass(100ms);
  CHECK(behind.told().starts_with("unavailable: no reply from app://"));
  CHECK(fixture.calls.channel_count() == 0);
}

TEST_CASE("outgoing: a long reply that still comes behind its deadline is no silence") {
  FakePeer* server = nullptr;
  OutgoingFixture fixture(
      [&](FakePeer& peer) {
        server = &peer;
        while (!peer.take_message().empty()) {
        }
      },
      {.channels_per_server = 1, .reply_grace = 5s});
  fixture.ask(fixture.within(1s));
  auto& behind = fixture.ask(fixture.within(1min));
  fixture.settle();
  const std::string reply = message(R"({"result": ")" + std::string(20'000, 'r') + "\"}", kKept);
  for (std::size_t sent = 0; sent < reply.size(); sent += 1'000) {
    server->send(std::string_view(reply).substr(sent, 1'000));
    fixture.pass(1s);
    REQUIRE(behind.told() == "nothing");
  }
  server->send(message(R"({"result": 2})", kKept));
  fixture.settle();
  CHECK(behind.told() == R"({"result": 2})");
}

TEST_CASE("outgoing: who is told may ask again, and give others up") {
  OutgoingFixture fixture([](FakePeer& peer) { peer.reset(); }, {.channels_per_server = 1});
  auto& other = fixture.asked.emplace_back();
  std::optional<std::string> told;
  std::unique_ptr<handlers::Wait> again;
  auto first = fixture.calls.start(fixture.address(), CallRequest("echo", "1"), {}, [&](auto) {
    other.wait.reset();
    again = fixture.calls.start(fixture.address(), CallRequest("echo", "1"), {},
                                [&](auto reply) { told = reply.error().message; });
  });
  other.wait = fixture.calls.start(fixture.address(), CallRequest("echo", "2"), {},
                                   [&](auto) { FAIL("it was given up"); });
  fixture.settle();
  CHECK(has(told.value_or(""), "closed the connection without an answer"));
}

// Limits -----------------------------------------------------------------------------------------

TEST_CASE("outgoing: more calls than allowed are overloaded, at once") {
  OutgoingFixture fixture(silent, {.max_calls = 2});
  fixture.ask();
  auto& dropped = fixture.ask();
  fixture.settle();
  dropped.wait.reset();  // its reply is still to come
  CHECK(fixture.settled(fixture.ask()).starts_with("overloaded: too many calls"));
}

TEST_CASE("outgoing: of too many connections one that rests makes room, else it is overloaded") {
  OutgoingFixture fixture(
      [](FakePeer& peer) {
        if (has(peer.take_message(), "quick")) peer.send(message(R"({"result": 1})", kKept));
      },
      {.max_channels = 2});
  fixture.ask(CallRequest("slow"));
  auto& quick = fixture.ask(CallRequest("quick"));
  CHECK(fixture.settled(quick) == R"({"result": 1})");
  fixture.ask_at(fixture.address(), {.depth = 2}, CallRequest("slow"));
  fixture.settle();
  CHECK(fixture.calls.channel_count() == 2);
  auto& refused = fixture.ask_at(fixture.address(), {.depth = 3});
  CHECK(fixture.settled(refused).starts_with("overloaded: too many connections"));
}

// Names ------------------------------------------------------------------------------------------

TEST_CASE("outgoing: a name is looked up in the pool") {
  OutgoingFixture fixture(counting());
  auto there = fixture.address();
  there.host = "localhost";
  auto& one = fixture.ask_at(there);
  auto& other = fixture.ask_at(there);
  CHECK(fixture.settled(one) == "nothing");
  CHECK(fixture.pool.jobs.size() == 2);
  fixture.pool.work();
  fixture.settle();
  CHECK(one.done());
  CHECK(other.done());
}

TEST_CASE("outgoing: a name that nobody has is unavailable") {
  OutgoingFixture fixture(counting());
  auto there = fixture.address();
  there.host = std::string("no\0name", 7);
  auto& one = fixture.ask_at(there);
  fixture.pool.work();
  CHECK(has(fixture.settled(one), "unavailable: cannot connect to app://"));
}

TEST_CASE("outgoing: a look-up may end when nobody waits for it, and when the loop is gone") {
  OutgoingFixture fixture(counting());
  auto there = fixture.address();
  there.host = "localhost";
  fixture.ask_at(there).wait.reset();
  fixture.pool.work();
  fixture.settle();
  CHECK(fixture.server.accepted() == 0);
  {
    reactor::EventLoop loop(fixture.world.backend());
    ClientCalls calls(loop, &fixture.pool, {});
    const auto wait = calls.start(there, CallRequest("echo"), {}, [](auto) { FAIL("too late"); });
  }
  CHECK(fixture.pool.jobs.size() == 1);
  fixture.pool.work();
  CHECK(fixture.server.accepted() == 0);
}

TEST_CASE("outgoing: without a pool a name cannot be looked up") {
  OutgoingFixture fixture(counting());
  ClientCalls calls(fixture.loop, nullptr, {});
  std::string told;
  auto there = fixture.address();
  there.host = "localhost";
  const auto wait = calls.start(there, CallRequest("echo"), {},
                                [&](auto reply) { told = reply.error().message; });
  fixture.settle();
  CHECK(told == "cannot look up localhost: the worker pool takes no more");
}

}  // namespace
}  // namespace appd::outgoing
