#include "appd/handlers/layers/layer.h"
#include "appd/handlers/typed/typed.h"
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
using testing::Witness;

// Pool -------------------------------------------------------------------------------------------

TEST_CASE_FIXTURE(WaitingFixture, "waiting: a handler that blocks runs in the pool") {
  auto peer = connect();
  CHECK(exchange(peer, call("block", "[1]", kKeep)).empty());
  CHECK(blocks == 0);
  CHECK(pool.work() == 1);
  settle();
  CHECK(peer.receive() == reply(R"({"result": [1]})", kKeepOk));
}

TEST_CASE_FIXTURE(WaitingFixture, "waiting: a full pool answers overloaded, and closes") {
  pool.limit = 0;
  auto peer = connect();
  const std::string refused = exchange(peer, call("block", "1", kKeep));
  CHECK(refused.find(R"("status": "overloaded")") != std::string::npos);
  CHECK(refused.find(R"("connection": "close")") != std::string::npos);
  CHECK(count(Counter::kPoolFull) == 1);
  CHECK(peer.ended());
}

TEST_CASE_FIXTURE(WaitingFixture, "waiting: queued work that nobody wants is not done") {
  auto peer = connect();
  exchange(peer, call("block", "1", kKeep));
  peer.reset();
  settle();
  pool.work();
  settle();
  CHECK(blocks == 0);
  CHECK(count(Counter::kWorkDropped) == 1);
}

TEST_CASE_FIXTURE(WaitingFixture,
                  "waiting: a handler that blocks has the deadline, the stop token and the peer") {
  std::optional<appd::reactor::StopToken> token;
  std::optional<reactor::Duration> left;
  const auto asks = [&](std::string_view text, const handlers::Request& asked,
                        const CallContext& context) {
    token = context.stop_token();
    left = context.deadline().value() - world.now();
    return std::string(text) + " from " + asked.peer().host;
  };
  const handlers::Layer layer = [](const handlers::Request& asked, handlers::Next& next) {
    CHECK(asked.context != nullptr);
    return next();
  };
  registry->add(handlers::with_layer(
      handlers::make_action("asks", asks, {.blocks = true, .time_limit = 50ms}), layer));
  auto peer = connect();
  exchange(peer, call("asks", R"("call")", kKeep));
  pool.work();
  REQUIRE(token);
  CHECK(left > 0ms);
  CHECK(left <= 50ms);
  CHECK_FALSE(token->stop_requested());  // the answer is still on its way to the loop
  SUBCASE("it answers") {
    settle();
    CHECK(peer.receive().find("call from 127.0.0.1") != std::string::npos);
  }
  SUBCASE("its caller leaves") {
    peer.reset();
    settle();
    CHECK(token->stop_requested());
  }
}

TEST_CASE_FIXTURE(WaitingFixture,
                  "waiting: a coroutine offloads work and goes on with its result") {
  add_coroutine("offload", [](OwnedRequest request, CallContext context) -> Task {
    const std::string text = text_of(request);
    auto work = context.offload([text] { return text.size(); });
    const auto length = co_await work;
    if (!length) co_return tl::unexpected(length.error());
    co_return string_reply(std::to_string(*length));
  });
  auto peer = connect();
  CHECK(exchange(peer, call("offload", "\"abc\"", kKeep)).empty());
  pool.work();
  settle();
  CHECK(peer.receive() == result("3"));
}

TEST_CASE_FIXTURE(WaitingFixture, "waiting: offloaded work may throw, fail or be refused") {
  add_coroutine("offload", [](OwnedRequest request, CallContext context) -> Task {
    const bool throws = text_of(request) == "throw";
    const auto done = co_await context.offload([throws]() -> handlers::Result<int> {
      if (throws) throw std::runtime_error("no");
      return protocol::fail(protocol::Status::kOutOfRange, "too far");
    });
    co_return done ? string_reply("done") : handlers::Result<Reply>(tl::unexpected(done.error()));
  });
  auto peer = connect();
  std::string value;
  std::string status;
  SUBCASE("throws") {
    value = "\"throw\"";
    status = "internal";
  }
  SUBCASE("fails") {
    value = "\"fail\"";
    status = "out_of_range";
  }
  SUBCASE("refused") {
    pool.limit = 0;
    value = "\"fail\"";
    status = "overloaded";
  }
  std::string received = exchange(peer, call("offload", value, kKeep));
  pool.work();
  settle();
  received += peer.receive();
  CHECK(received.find(R"("status": ")" + status) != std::string::npos);
}

TEST_CASE_FIXTURE(WaitingFixture, "waiting: a call that ends leaves its offloaded work behind") {
  add_coroutine("offload", [this](OwnedRequest, CallContext context) -> Task {
    const Witness witness(living);
    (void)co_await context.offload([this] { ++blocks; });
    co_return string_reply("never");
  });
  auto peer = connect();
  exchange(peer, call("offload", "1", std::string(kKeep) + R"(, "deadline-ms": 10)"));
  pass(10ms);
  CHECK(living == 0);
  pool.work();
  settle();
  CHECK(blocks == 0);
  CHECK(count(Counter::kWorkDropped) == 1);
  CHECK(peer.receive() == error_reply(kNotDone, kKeepLate));
}

// Other actions, other servers ---------------------------------------------------------------

TEST_CASE_FIXTURE(WaitingFixture, "waiting: a coroutine calls another action") {
  add_coroutine("ask", [](OwnedRequest request, CallContext context) -> Task {
    const std::string name = text_of(request);
    auto answer = co_await context.call_action(handlers::CallRequest(name, "\"morpheus\""));
    if (!answer) co_return tl::unexpected(answer.error());
    Reply given;
    given.set_json(answer->content);
    co_return given;
  });
  auto peer = connect();
  std::string received;
  std::string wanted;
  SUBCASE("one that answers at once") {
    received = exchange(peer, call("ask", "\"search\"", kKeep));
    wanted = reply(R"({"result": {"result": "Follow the white rabbit. 🐰"}})", kKeepOk);
  }
  SUBCASE("one that waits") {
    exchange(peer, call("ask", "\"sleep\"", kKeep));
    pass(100ms);
    received = peer.receive();
    wanted = reply(R"({"result": {"result": "slept: morpheus"}})", kKeepOk);
  }
  SUBCASE("one in the pool") {
    exchange(peer, call("ask", "\"block\"", kKeep));
    pool.work();
    settle();
    received = peer.receive();
    wanted = reply(R"({"result": {"result": "morpheus"}})", kKeepOk);
  }
  SUBCASE("one that nobody registered") {
    received = exchange(peer, call("ask", "\"nope\"", kKeep));
    wanted = error_reply(R"(invalid action \"nope\".)",
                         R"(, "connection": "keep-alive", "status": "invalid_action")");
  }
  SUBCASE("one that fails") {
    received = exchange(peer, call("ask", "\"double\"", kKeep));
    wanted = {};
    CHECK(received.find(R"("status": "invalid_argument")") != std::string::npos);
    received.clear();
  }
  SUBCASE("itself, for ever") {
    add_coroutine("loop", [](OwnedRequest, CallContext context) -> Task {
      auto answer = co_await context.call_action(handlers::CallRequest("loop"));
      if (!answer) co_return tl::unexpected(answer.error());
      co_return string_reply("never");
    });
    received = exchange(peer, call("loop", "1", kKeep));
    wanted = error_reply(kFailed, kKeepInternal);
  }
  CHECK(received == wanted);
}

TEST_CASE_FIXTURE(WaitingFixture, "waiting: a coroutine calls another server") {
  add_coroutine("forward", [](OwnedRequest, CallContext context) -> Task {
    auto server = protocol::parse_address("app://10.0.0.1:1").value();
    auto answer = co_await context.call(server, handlers::CallRequest("there", "1"));
    if (!answer) co_return tl::unexpected(answer.error());
    Reply given;
    given.set_json(answer->content);
    co_return given;
  });
  auto peer = connect();
  exchange(peer,
           call("forward", "1", std::string(kKeep) + R"(, "deadline-ms": 5000, "call-depth": 3)"));
  REQUIRE(outgoing.size() == 1);
  CHECK(outgoing[0]->request.action == "there");
  CHECK(outgoing[0]->terms.depth == 4);
  const auto left = outgoing[0]->terms.deadline.value() - worker->loop().now();
  CHECK((left > 4999ms && left <= 5s));
  SUBCASE("that answers") {
    outgoing[0]->done(
        handlers::CallReply{.content_type = {}, .content_encoding = {}, .content = "7"});
    settle();
    CHECK(peer.receive() == reply(R"({"result": 7})", kKeepOk));
  }
  SUBCASE("but not behind too many calls within calls") {
    const auto deep = std::string(kKeep) + R"(, "call-depth": 16)";
    exchange(peer, call("forward", "1", deep));
    CHECK(outgoing.size() == 1);
    CHECK(count(Counter::kInternalErrors) == 0);  // its turn comes behind the first one's
    outgoing[0]->done(
        handlers::CallReply{.content_type = {}, .content_encoding = {}, .content = "7"});
    settle();
    CHECK(peer.receive() ==
          reply(R"({"result": 7})", kKeepOk) + error_reply(kFailed, kKeepInternal));
  }
  SUBCASE("and leaves before it answers") {
    peer.reset();
    settle();
    CHECK(!outgoing[0]->done);
  }
}

}  // namespace
}  // namespace appd::servers
