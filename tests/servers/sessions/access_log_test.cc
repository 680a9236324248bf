// What is logged and counted of calls: which action, how it ended, how long it took.
#include "appd/handlers/typed/typed.h"
#include "tests/servers/logged_fixture.h"

namespace appd::servers {
namespace {

using namespace std::chrono_literals;
using testing::call;
using testing::kKeep;
using testing::LoggedFixture;
using testing::message;
using testing::request;
using testing::search;
using testing::WirePeer;

using Lines = std::vector<std::string>;

struct AccessFixture : LoggedFixture {
  WirePeer connect() {
    const bool first = !worker;
    auto peer = LoggedFixture::connect();
    if (first) worker->log_access();
    return peer;
  }
  // Sends a message so slowly that its deadline of 1 ms has passed when it is there.
  std::string exchange_late(WirePeer& peer, const std::string& bytes) {
    peer.send(bytes.substr(0, 60));
    settle();
    pass(2ms);
    return exchange(peer, bytes.substr(60));
  }
  // The lines of the access log, without the peers, which have ports of their own.
  Lines accesses() {
    Lines found = lines("info answered peer=127.0.0.1:");
    for (std::string& line : found) line.erase(0, line.find("action="));
    return found;
  }
  // What the life of connections tells of requests.
  Lines received() {
    Lines found = lines("debug received request");
    for (std::string& line : found) {
      line.erase(0, line.find("action="));
      line.resize(line.find(' '));
    }
    return found;
  }
};

constexpr std::string_view kKeepShort = R"(, "connection": "keep-alive", "deadline-ms": 1)";

std::string binary_request(std::string_view content, std::string_view more) {
  return message(
      R"({"byteorder": "little", "content-type": "binary/x", "content-encoding": "binary", )"
      R"("content-length": )" +
          std::to_string(content.size()) + std::string(more) + "}",
      content);
}

TEST_CASE_FIXTURE(AccessFixture, "access log: who called what, and how it ended") {
  auto peer = connect();
  exchange(peer, call("double", "4", kKeep) + call("double", "true", kKeep));
  const std::string port = peer.transport().local_endpoint().to_string();
  const Lines told = lines("info answered");
  REQUIRE(told.size() == 2);
  CHECK(told[0] == "info answered peer=" + port + " action=double status=ok bytes=13 micros=0");
  CHECK(told[1].find(" action=double status=invalid_argument bytes=") != std::string::npos);
}

TEST_CASE_FIXTURE(AccessFixture,
                  "access log: a wait is in the time, and the line comes behind it") {
  auto peer = connect();
  exchange(peer, call("hold", R"("a")", kKeep));
  pass(250ms);
  answer("a");
  CHECK(accesses() == Lines{"action=hold status=ok bytes=15 micros=250000"});
}

TEST_CASE_FIXTURE(AccessFixture, "access log: a wait for the pool is in the time") {
  auto peer = connect();
  exchange(peer, call("block", "1", kKeep));
  pass(30ms);
  pool.work();
  settle();
  CHECK(accesses() == Lines{"action=block status=ok bytes=13 micros=30000"});
}

TEST_CASE_FIXTURE(AccessFixture, "access log: errors have their lines, whoever answers them") {
  auto peer = connect();
  exchange(peer, call("nobody", "1", kKeep));
  exchange(peer, call("hold", R"("a")", kKeepShort));
  pass(5ms);
  pool.limit = 0;
  exchange(peer, call("block", "1", kKeep));
  auto other = connect();
  exchange(other, message("[]"));
  const Lines told = accesses();
  REQUIRE(told.size() == 4);
  CHECK(told[0].starts_with(R"(action="" status=invalid_action )"));
  CHECK(told[1].starts_with("action=hold status=deadline_exceeded "));
  CHECK(told[2].starts_with("action=block status=overloaded "));
  CHECK(told[3].starts_with(R"(action="" status=bad_header )"));
}

TEST_CASE_FIXTURE(AccessFixture, "access log: an action that a handler calls is no answer") {
  add_coroutine("ask", [](handlers::OwnedRequest, handlers::CallContext context) -> Task {
    const handlers::CallRequest nested("double", "2");
    const auto answer = co_await context.call_action(nested);
    co_return testing::string_reply(answer ? "asked" : "failed");
  });
  auto peer = connect();
  exchange(peer, call("ask", "1", kKeep));
  const Lines told = accesses();
  REQUIRE(told.size() == 1);
  CHECK(told[0].starts_with("action=ask status=ok "));
}

TEST_CASE_FIXTURE(AccessFixture, "access log: above its level nothing is written, nor looked up") {
  written->set_level(logging::Level::kWarn);
  auto peer = connect();
  exchange(peer, call("double", "4", kKeep));
  written->set_level(logging::Level::kInfo);
  CHECK(lines().empty());
}

TEST_CASE_FIXTURE(LoggedFixture, "access log: there is none unless it is asked for") {
  auto peer = connect();
  exchange(peer, call("double", "4", kKeep));
  CHECK(lines("info answered").empty());
}

// Actions ------------------------------------------------------------------------------------

TEST_CASE_FIXTURE(AccessFixture,
                  "logged action: a request past its deadline has its own, not that of an earlier "
                  "request of another connection") {
  auto before = connect();
  exchange(before, call("double", "4", kKeep));
  auto peer = connect();
  exchange_late(peer, search("morpheus", kKeepShort));
  exchange_late(peer,
                request(R"("morpheus")", std::string(kKeepShort) + R"(, "action": "search")"));
  exchange_late(peer, binary_request(std::string("negate\0\0\0\5", 10), kKeepShort));
  exchange_late(peer, binary_request("any bytes", kKeepShort));
  exchange_late(peer, call("nobody", "1", kKeepShort));
  exchange_late(peer, request("no JSON at all", kKeepShort));
  CHECK(count(Counter::kDeadlineExceeded) == 6);
  CHECK(received() == Lines{"action=double", "action=search", "action=search", "action=negate",
                            "action=binary", R"(action="")", R"(action="")"});
}

TEST_CASE_FIXTURE(
    AccessFixture,
    "logged action: a long content that comes too late is not searched for its name") {
  auto peer = connect();
  exchange(peer, call("double", "4", kKeep));
  const std::string query(handlers::Dispatcher::kMaxSearchedBytes, 'x');
  const std::string bytes = search(query, kKeepShort);
  peer.send(bytes.substr(0, 60));
  settle();
  pass(2ms);
  exchange_all(peer, std::string_view(bytes).substr(60));
  CHECK(received() == Lines{"action=double", R"(action="")"});
}

TEST_CASE_FIXTURE(AccessFixture,
                  "logged action: the drain's report has no other's, and no peer's") {
  auto before = connect();
  exchange(before, call("double", "4", kKeep));
  auto late = connect();
  auto cut = connect();
  const std::string bytes = search("morpheus", kKeepShort);
  late.send(bytes.substr(0, 60));
  const std::string forged = request("123456789", R"(, "action": "forged\nname")");
  cut.send(forged.substr(0, forged.size() - 1));
  settle();
  worker->drain();
  pass(2ms);
  exchange(late, bytes.substr(60));
  pass(limits.drain_timeout);
  CHECK(worker->drain_report().answered() == DrainReport::Counts{{"search", 1}});
  CHECK(worker->drain_report().cut() == DrainReport::Counts{{"unknown", 1}});
}

TEST_CASE_FIXTURE(AccessFixture, "counted: an error behind a pending answer is one error reply") {
  auto peer = connect();
  exchange(peer, call("hold", R"("a")", kKeep) + message("[]"));
  answer("a");
  CHECK(peer.ended() == false);
  peer.receive();
  CHECK(peer.ended());
  CHECK(count(Counter::kErrorReplies) == 1);
}

TEST_CASE_FIXTURE(AccessFixture,
                  "error replies: a header that is refused has its own request-id, not another's") {
  auto before = connect();
  exchange(before, call("double", "4", std::string(kKeep) + R"(, "request-id": "theirs")"));
  auto peer = connect();
  CHECK(exchange(peer, message("[]")).find("request-id") == std::string::npos);
  auto other = connect();
  CHECK(
      exchange(other, request("{}", R"(, "request-id": "mine", "byteorder": 5)")).find("theirs") ==
      std::string::npos);
}

}  // namespace
}  // namespace appd::servers
