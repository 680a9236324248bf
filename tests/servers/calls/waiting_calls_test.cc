#include "waiting_fixture.h"

namespace appd::servers {
namespace {

using namespace std::chrono_literals;
using handlers::CallContext;
using handlers::OwnedRequest;
using handlers::Reply;
using testing::call;
using testing::error_reply;
using testing::found;
using testing::kCloseOk;
using testing::kFailed;
using testing::kKeep;
using testing::kKeepInternal;
using testing::kKeepLate;
using testing::kKeepOk;
using testing::kNotDone;
using testing::ManualPool;
using testing::message;
using testing::reply;
using testing::result;
using testing::search;
using testing::string_reply;
using testing::text_of;
using testing::WaitingFixture;
using testing::WirePeer;
using testing::Witness;

std::string hold(std::string_view name, std::string_view more = kKeep) {
  return call("hold", "\"" + std::string(name) + "\"", more);
}

// Answers and their order ---------------------------------------------------------------------

TEST_CASE_FIXTURE(WaitingFixture, "waiting: an answer that comes later is sent when it comes") {
  auto peer = connect();
  CHECK(exchange(peer, hold("a")).empty());
  answer("a");
  CHECK(peer.receive() == result("a"));
  CHECK(exchange(peer, search("morpheus", kKeep)) == found(kKeepOk));
}

TEST_CASE_FIXTURE(WaitingFixture, "waiting: a responder that answers at once answers in order") {
  registry->add({.name = "now",
                 .summary = "",
                 .handler = {},
                 .waiting_handler = [](const handlers::Request&, const CallContext&,
                                       handlers::Responder responder) {
                   responder.reply(string_reply("now"));
                 }});
  auto peer = connect();
  CHECK(exchange(peer, hold("a") + call("now", "1", kKeep)).empty());
  answer("a");
  CHECK(peer.receive() == result("a") + result("now"));
}

TEST_CASE_FIXTURE(WaitingFixture, "waiting: replies keep the order of their requests") {
  auto peer = connect();
  CHECK(exchange(peer, hold("a") + search("morpheus", kKeep) + hold("b") + hold("c")).empty());
  answer("c");
  answer("b");
  CHECK(peer.receive().empty());
  answer("a");
  CHECK(peer.receive() == result("a") + found(kKeepOk) + result("b") + result("c"));
}

TEST_CASE_FIXTURE(WaitingFixture,
                  "waiting: an answer leaves at the end of its turn, with the others") {
  struct Look {
    Look(reactor::EventLoop& loop, WirePeer& of)
        : peer(of), timer(reactor::Timer::calling<&Look::look>(loop.timers(), *this)) {
      timer.arm(loop.now() + 100ms);
    }
    void look() { seen = peer.receive(); }
    WirePeer& peer;
    std::string seen = "nobody looked";
    reactor::Timer timer;
  };
  auto peer = connect();
  CHECK(exchange(peer, call("sleep", "\"x\"", kKeep)).empty());
  Look between(worker->loop(), peer);  // timers of one time fire in the order of arming
  CHECK(exchange(peer, call("sleep", "\"x\"", kKeep)).empty());
  pass(100ms);
  CHECK(between.seen.empty());
  CHECK(peer.receive() == result("slept: x") + result("slept: x"));
}

TEST_CASE_FIXTURE(WaitingFixture, "waiting: each reply has its own request-id") {
  auto peer = connect();
  const auto id = [](int number) {
    return std::string(kKeep) + R"(, "request-id": )" + std::to_string(number);
  };
  exchange(peer, hold("a", id(1)) + search("morpheus", id(2)));
  answer("a");
  CHECK(peer.receive() ==
        result("a", id(1) + R"(, "status": "ok")") + found(id(2) + R"(, "status": "ok")"));
}

TEST_CASE_FIXTURE(WaitingFixture, "waiting: one session's answer holds up no other session") {
  auto first = connect();
  auto second = connect();
  exchange(first, hold("a"));
  CHECK(exchange(second, search("morpheus")) == found());
  answer("a");
  CHECK(first.receive() == result("a"));
}

TEST_CASE_FIXTURE(WaitingFixture, "waiting: a plain request gets a plain reply and the end") {
  auto peer = connect();
  CHECK(exchange(peer, hold("a", {}) + hold("b")).empty());
  CHECK(!peer.ended());
  CHECK(held.count("b") == 0);
  answer("a");
  CHECK(peer.receive() == result("a", {}));
  CHECK(peer.ended());
}

TEST_CASE_FIXTURE(WaitingFixture, "waiting: an error behind a pending answer waits for its turn") {
  auto peer = connect();
  CHECK(exchange(peer, hold("a") + message("[]")).empty());
  answer("a");
  const std::string received = peer.receive();
  CHECK(received.substr(0, result("a").size()) == result("a"));
  CHECK(received.find(R"("status": "bad_header")") != std::string::npos);
  CHECK(peer.ended());
}

TEST_CASE_FIXTURE(WaitingFixture, "waiting: a session that owes answers is not idle") {
  auto peer = connect();
  exchange(peer, hold("a"));
  pass(limits.idle_timeout * 2);
  CHECK(worker->session_count() == 1);
  answer("a");
  CHECK(peer.receive() == result("a"));
  pass(limits.idle_timeout);
  CHECK(peer.receive().empty());
  CHECK(peer.ended());
}

TEST_CASE_FIXTURE(WaitingFixture, "waiting: as many calls as allowed wait, then reading stops") {
  limits.max_pending_calls = 3;
  auto peer = connect();
  exchange(peer, hold("a") + hold("b") + hold("c") + hold("d") + hold("e"));
  CHECK(held.size() == 3);
  CHECK(count(Counter::kPendingLimit) == 1);
  answer("b");
  CHECK(held.size() == 2);
  answer("a");
  CHECK(held.size() == 3);
  answer("e");
  answer("d");
  answer("c");
  CHECK(peer.receive() == result("a") + result("b") + result("c") + result("d") + result("e"));
}

TEST_CASE_FIXTURE(WaitingFixture, "waiting: replies that wait are limited in bytes") {
  limits.write_high_watermark = 10'000;
  auto peer = connect();
  std::string requests = hold("a");
  const std::string value = "\"" + std::string(4'000, 'v') + "\"";
  for (int i = 0; i < 10; ++i) requests += call("echo", value, kKeep);
  CHECK(exchange(peer, requests).empty());
  CHECK(count(Counter::kRequests) == 4);
  answer("a");
  CHECK(exchange_all(peer, {}).size() > 10 * value.size());
  CHECK(count(Counter::kRequests) == 11);
}

TEST_CASE_FIXTURE(WaitingFixture, "waiting: what waits counts in the memory of all sessions") {
  auto peer = connect();
  const std::string value = "\"" + std::string(4'000, 'v') + "\"";
  CHECK(exchange(peer, hold("a") + call("echo", value, kKeep)).empty());
  CHECK(shared->budget.used() >= 4'000);
  SUBCASE("until it is sent") {
    answer("a");
    CHECK(peer.receive().size() > 4'000);
  }
  SUBCASE("until its session is gone") {
    peer.reset();
    settle();
  }
  CHECK(shared->budget.used() == 0);
}

TEST_CASE_FIXTURE(WaitingFixture,
                  "waiting: a full memory stops the session whose replies wait, and no other") {
  limits.max_buffered = 10'000;
  auto first = connect();
  auto holder = connect();
  auto other = connect();
  // The first one that goes beyond the limit may.
  const std::string value = "\"" + std::string(9'000, 'v') + "\"";
  exchange(first, hold("z") + call("echo", value, kKeep) + call("echo", "1", kKeep));
  exchange(holder, hold("a") + call("echo", value, kKeep));
  exchange(first, call("echo", "2", kKeep));
  const auto before = count(Counter::kRequests);
  exchange(holder, call("echo", "3", kKeep));
  CHECK(count(Counter::kRequests) == before);
  CHECK(count(Counter::kBudget) == 1);
  CHECK(exchange(other, search("morpheus", kKeep)) == found(kKeepOk));
  answer("z");
  answer("a");
  pass(10ms);
  CHECK(first.receive().find("\"result\": 2") != std::string::npos);
  CHECK(holder.receive().find("\"result\": 3") != std::string::npos);
}

// Failures ----------------------------------------------------------------------------------------

TEST_CASE_FIXTURE(WaitingFixture, "waiting: a responder that is dropped answers internal") {
  auto peer = connect();
  exchange(peer, hold("a"));
  held.clear();
  settle();
  CHECK(peer.receive() == error_reply(kFailed, kKeepInternal));
  CHECK(count(Counter::kInternalErrors) == 1);
}

TEST_CASE_FIXTURE(WaitingFixture, "waiting: a handler or coroutine that throws answers internal") {
  registry->add({.name = "throw",
                 .summary = "",
                 .handler = {},
                 .waiting_handler = [](const handlers::Request&, const CallContext&,
                                       const handlers::Responder&) {
                   throw std::runtime_error("the disk is on fire");
                 }});
  add_coroutine("throw later", [](OwnedRequest, CallContext context) -> Task {
    co_await context.sleep(1ms);
    throw std::runtime_error("the disk is on fire");
  });
  auto peer = connect();
  CHECK(exchange(peer, call("throw", "1", kKeep)) == error_reply(kFailed, kKeepInternal));
  CHECK(exchange(peer, call("throw later", "1", kKeep)).empty());
  pass(1ms);
  CHECK(peer.receive() == error_reply(kFailed, kKeepInternal));
}

TEST_CASE_FIXTURE(WaitingFixture, "waiting: a coroutine's error is the reply's") {
  add_coroutine("refuse", [](OwnedRequest, CallContext context) -> Task {
    co_await context.sleep(1ms);
    co_return protocol::fail(protocol::Status::kInvalidArgument, "not that one");
  });
  auto peer = connect();
  exchange(peer, call("refuse", "1", kKeep));
  pass(1ms);
  CHECK(
      peer.receive() ==
      error_reply("not that one", R"(, "connection": "keep-alive", "status": "invalid_argument")"));
}

// Time -------------------------------------------------------------------------------------------

TEST_CASE_FIXTURE(WaitingFixture, "waiting: a coroutine sleeps as long as it says") {
  auto peer = connect();
  exchange(peer, call("sleep", "\"x\"", kKeep));
  pass(99ms);
  CHECK(peer.receive().empty());
  CHECK(living == 1);
  pass(1ms);
  CHECK(peer.receive() == result("slept: x"));
  CHECK(living == 0);
}

TEST_CASE_FIXTURE(WaitingFixture, "waiting: the caller's deadline answers, stops and drops") {
  auto peer = connect();
  const std::string soon = std::string(kKeep) + R"(, "deadline-ms": 50)";
  exchange(peer, hold("a", soon) + call("sleep", "1", soon));
  CHECK(!stop_tokens["a"].stop_requested());
  pass(49ms);
  CHECK(peer.receive().empty());
  CHECK(living == 1);
  pass(1ms);
  CHECK(peer.receive() == error_reply(kNotDone, kKeepLate) + error_reply(kNotDone, kKeepLate));
  CHECK(stop_tokens["a"].stop_requested());
  CHECK(living == 0);
  CHECK(count(Counter::kDeadlineExceeded) == 2);
  CHECK(count(Counter::kCallsDropped) == 2);
  answer("a");
  CHECK(count(Counter::kLateAnswers) == 1);
  CHECK(exchange(peer, search("morpheus", kKeep)) == found(kKeepOk));
}

TEST_CASE_FIXTURE(WaitingFixture, "waiting: of two deadlines the earlier counts") {
  const auto sleep_long = [](OwnedRequest, CallContext context) -> Task {
    co_await context.sleep(1h);
    co_return string_reply("awake");
  };
  add_coroutine("20ms", sleep_long, 20ms);
  auto peer = connect();
  std::string deadline;
  SUBCASE("the action's own") { deadline = R"(, "deadline-ms": 1000)"; }
  SUBCASE("the caller's") { deadline = R"(, "deadline-ms": 20)"; }
  exchange(peer, call("20ms", "1", std::string(kKeep) + deadline));
  pass(19ms);
  CHECK(peer.receive().empty());
  pass(1ms);
  CHECK(peer.receive() == error_reply(kNotDone, kKeepLate));
}

TEST_CASE_FIXTURE(WaitingFixture, "waiting: a deadline does not fire behind the answer") {
  auto peer = connect();
  exchange(peer, hold("a") + hold("b", std::string(kKeep) + R"(, "deadline-ms": 50)"));
  answer("b");
  pass(1s);
  answer("a");
  CHECK(peer.receive() == result("a") + result("b"));
  CHECK(count(Counter::kDeadlineExceeded) == 0);
}

// Disconnection ------------------------------------------------------------------------------

TEST_CASE_FIXTURE(WaitingFixture, "waiting: a disconnection stops and drops what was wanted") {
  auto peer = connect();
  exchange(peer, hold("a") + call("sleep", "1", kKeep));
  CHECK(living == 1);
  peer.reset();
  settle();
  CHECK(worker->session_count() == 0);
  CHECK(stop_tokens["a"].stop_requested());
  CHECK(living == 0);
  CHECK(count(Counter::kCallsDropped) == 2);
}

TEST_CASE_FIXTURE(WaitingFixture,
                  "waiting: a late answer to a connection that is gone is counted") {
  auto peer = connect();
  exchange(peer, hold("a"));
  peer.reset();
  settle();
  auto next = connect();
  exchange(next, hold("b"));
  answer("a");
  CHECK(count(Counter::kLateAnswers) == 1);
  CHECK(next.receive().empty());
  answer("b");
  CHECK(next.receive() == result("b"));
}

TEST_CASE_FIXTURE(WaitingFixture, "waiting: a peer that has ended its sending gets its answers") {
  auto peer = connect();
  peer.send(hold("a") + hold("b"));
  peer.finish();
  settle();
  answer("b");
  answer("a");
  CHECK(peer.receive() == result("a") + result("b"));
  CHECK(peer.ended());
  CHECK(worker->session_count() == 0);
}

TEST_CASE_FIXTURE(WaitingFixture, "waiting: a peer that has ended is gone behind the grace") {
  auto peer = connect();
  peer.send(hold("a") + call("sleep", "1", kKeep));
  peer.finish();
  settle();
  CHECK(!stop_tokens["a"].stop_requested());
  pass(limits.half_close_grace);
  CHECK(stop_tokens["a"].stop_requested());
  CHECK(worker->session_count() == 0);
  CHECK(living == 0);
}

TEST_CASE_FIXTURE(WaitingFixture,
                  "waiting: a peer that leaves behind what is not read any more is noticed") {
  limits.max_pending_calls = 2;
  auto peer = connect();
  exchange(peer, hold("a") + hold("b") + hold("c"));
  peer.leave();
  pass(1s);
  CHECK(!stop_tokens["a"].stop_requested());
  pass(limits.half_close_grace);
  CHECK(stop_tokens["a"].stop_requested());
  CHECK(stop_tokens["b"].stop_requested());
  CHECK(worker->session_count() == 0);
}

TEST_CASE_FIXTURE(
    WaitingFixture,
    "waiting: a peer that leaves is noticed although its replies were drained meanwhile") {
  limits.max_pending_calls = 1;
  limits.write_high_watermark = 20'000;
  auto peer = connect();
  const std::string value = "\"" + std::string(50'000, 'v') + "\"";
  const std::string_view rest = peer.send_some(call("echo", value, kKeep));
  REQUIRE(rest.empty());
  settle();
  peer.send(call("echo", value, kKeep));
  settle();
  peer.receive(10'000);  // the first call behind these is read, and waits
  settle();
  peer.send(hold("a") + hold("b"));
  for (int i = 0; i < 20; ++i) {
    peer.receive(10'000);
    settle();
  }
  REQUIRE(stop_tokens.contains("a"));
  REQUIRE(!stop_tokens.contains("b"));
  peer.finish();
  pass_in_turns(1s + limits.half_close_grace);
  CHECK(stop_tokens["a"].stop_requested());
  CHECK(worker->session_count() == 0);
}

TEST_CASE_FIXTURE(WaitingFixture,
                  "waiting: a peer that has ended gets what is not read yet, if answers go on") {
  limits.max_pending_calls = 1;
  auto peer = connect();
  peer.send(hold("a") + hold("b") + hold("c"));
  peer.finish();
  settle();
  for (const std::string name : {"a", "b", "c"}) {
    pass(limits.half_close_grace - 1ms);
    answer(name);
  }
  CHECK(peer.receive() == result("a") + result("b") + result("c"));
  CHECK(peer.ended());
}

TEST_CASE_FIXTURE(WaitingFixture, "waiting: a peer that is still there is waited for") {
  limits.max_pending_calls = 1;
  auto peer = connect();
  exchange(peer, hold("a") + hold("b"));
  pass(limits.half_close_grace * 10);
  answer("a");
  answer("b");
  CHECK(peer.receive() == result("a") + result("b"));
}

TEST_CASE_FIXTURE(WaitingFixture, "waiting: an answer may come behind the server's end") {
  auto peer = connect();
  exchange(peer, hold("a"));
  worker.reset();
  held.extract("a").mapped().reply(string_reply("a"));
  CHECK(stop_tokens["a"].stop_requested());
}

// Drain --------------------------------------------------------------------------------------

TEST_CASE_FIXTURE(WaitingFixture, "waiting: a drain waits for the answers it owes") {
  auto peer = connect();
  exchange(peer, hold("a"));
  worker->drain();
  settle();
  CHECK(drained == 0);
  answer("a");
  CHECK(peer.receive() == result("a", kCloseOk));
  CHECK(peer.ended());
  peer.leave();
  settle();
  CHECK(drained == 1);
  CHECK(outgoing_ended);  // before the loop is: others may wait for these connections to close
  CHECK(worker->drain_report().answered().at("hold") == 1);
}

TEST_CASE_FIXTURE(WaitingFixture, "waiting: the last answer that a drain owes says so, no other") {
  auto peer = connect();
  exchange(peer, hold("a") + hold("b"));
  worker->drain();
  settle();
  answer("b");
  answer("a");
  CHECK(peer.receive() == result("a") + result("b", kCloseOk));
  CHECK(peer.ended());
}

TEST_CASE_FIXTURE(WaitingFixture, "waiting: the drain time-out refuses what is not answered") {
  auto peer = connect();
  exchange(peer, hold("a") + hold("b") + hold("c"));
  answer("b");
  worker->drain();
  pass(limits.drain_timeout);
  CHECK(peer.receive().find(R"("status": "shutting_down")") != std::string::npos);
  CHECK(peer.ended());
  pass(100ms);
  CHECK(drained == 1);
  CHECK(worker->drain_report().cut().at("hold") == 3);
}

TEST_CASE_FIXTURE(WaitingFixture, "waiting: a call keeps the registry it was found in") {
  auto peer = connect();
  exchange(peer, call("sleep", "\"x\"", kKeep) + call("block", "1", kKeep));
  registry = std::make_shared<handlers::Registry>();
  worker->set_registry(registry);
  pass(100ms);
  pool.work();
  settle();
  CHECK(peer.receive() == result("slept: x") + reply(R"({"result": 1})", kKeepOk));
}

}  // namespace
}  // namespace appd::servers
