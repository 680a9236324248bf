// Requests that are too large to be decoded on a loop (servers/calls/decoding_job.h), and what
// all that waits may hold.
#include <string>

#include "appd/servers/calls/call.h"
#include "appd/servers/calls/decoding_job.h"
#include "tests/servers/calls/waiting_fixture.h"

namespace appd::servers {
namespace {

using namespace std::chrono_literals;
using testing::call;
using testing::error_reply;
using testing::found;
using testing::kKeep;
using testing::kKeepOk;
using testing::message;
using testing::reply;
using testing::request;
using testing::result;
using testing::search;
using testing::WaitingFixture;
using testing::WirePeer;

struct LargeFixture : WaitingFixture {
  const std::string value = "\"" + std::string(2 * kLargeContentBytes, 'v') + "\"";
  const std::string large = call("echo", value, kKeep);
  const std::string large_reply = reply("{\"result\": " + value + "}", kKeepOk);

  // Sends all of it, and does not run the pool.
  void send(WirePeer& peer, std::string_view bytes) {
    for (int turns = 0; !bytes.empty() && turns < 1000; ++turns) {
      bytes = peer.send_some(bytes);
      settle();
    }
    CHECK(bytes.empty());
  }
  std::string receive(WirePeer& peer) { return exchange_all(peer, {}); }
  std::string answer_of_pool(WirePeer& peer) {
    pool.work();
    settle();
    return receive(peer);
  }
  static std::string status(std::string_view name) {
    return R"(, "connection": "close", "status": ")" + std::string(name) + "\"";
  }
  static std::string kept(std::string_view name) {
    return R"(, "connection": "keep-alive", "status": ")" + std::string(name) + "\"";
  }
};

TEST_CASE_FIXTURE(LargeFixture, "large: it is decoded and answered in the pool, others go on") {
  auto peer = connect();
  auto other = connect();
  send(peer, large);
  CHECK(receive(peer).empty());
  CHECK(exchange(other, search("morpheus", kKeep)) == found(kKeepOk));
  CHECK(answer_of_pool(peer) == large_reply);
  CHECK(exchange(peer, search("morpheus", kKeep)) == found(kKeepOk));
}

TEST_CASE_FIXTURE(LargeFixture, "large: replies keep the order of the requests") {
  auto peer = connect();
  send(peer, search("ring", kKeep) + large + search("morpheus", kKeep));
  const std::string first = receive(peer);
  CHECK(first.find("Misty Mountains") != std::string::npos);
  CHECK(first.find("rabbit") == std::string::npos);
  CHECK(answer_of_pool(peer) == large_reply + found(kKeepOk));
}

TEST_CASE_FIXTURE(LargeFixture, "large: without keep-alive it is the last, in order") {
  auto peer = connect();
  send(peer, call("echo", value));
  CHECK(answer_of_pool(peer) == reply("{\"result\": " + value + "}"));
  CHECK(peer.ended());
}

TEST_CASE_FIXTURE(LargeFixture, "large: errors are those of small ones") {
  auto peer = connect();
  const std::string spaces(2 * kLargeContentBytes, ' ');
  send(peer, request("[" + spaces, kKeep));
  CHECK(answer_of_pool(peer).find("\"status\": \"invalid_content\"") != std::string::npos);
  send(peer, request(R"({"action": "nobody"})" + spaces, kKeep));
  CHECK(answer_of_pool(peer) ==
        error_reply("invalid action \\\"nobody\\\".", kept("invalid_action")));
  send(peer, request("[" + std::string(2 * kLargeContentBytes, '['), kKeep));
  CHECK(answer_of_pool(peer).find("more than 1000 arrays and objects") != std::string::npos);
}

TEST_CASE_FIXTURE(LargeFixture, "large: a pool that is full answers overloaded, and closes") {
  auto peer = connect();
  pool.limit = 0;
  send(peer, large);
  CHECK(receive(peer).find("\"status\": \"overloaded\"") != std::string::npos);
  CHECK(peer.ended());
  CHECK(count(Counter::kPoolFull) == 1);
}

TEST_CASE_FIXTURE(LargeFixture, "large: its deadline holds while it is in the pool") {
  auto peer = connect();
  send(peer, call("echo", value, std::string(kKeep) + R"(, "deadline-ms": 50)"));
  pass(51ms);
  CHECK(receive(peer).find("\"status\": \"deadline_exceeded\"") != std::string::npos);
  CHECK(answer_of_pool(peer).empty());
  CHECK(count(Counter::kWorkDropped) == 1);
}

TEST_CASE_FIXTURE(LargeFixture, "large: an action that waits is started on the loop") {
  auto peer = connect();
  send(peer, call("sleep", value, kKeep));
  CHECK(answer_of_pool(peer).empty());
  CHECK(living == 1);
  pass(100ms);
  CHECK(receive(peer).find("slept: vvv") != std::string::npos);
}

TEST_CASE_FIXTURE(LargeFixture, "large: an action that blocks is decoded, then runs in the pool") {
  auto peer = connect();
  send(peer, call("block", value, kKeep));
  CHECK(answer_of_pool(peer).empty());
  CHECK(blocks == 0);
  CHECK(answer_of_pool(peer) == large_reply);
  CHECK(blocks == 1);
}

TEST_CASE_FIXTURE(LargeFixture, "large: a text of another encoding is decoded there as well") {
  auto peer = connect();
  const std::string letters(2 * kLargeContentBytes, '\xe9');
  std::string header = "{" + testing::four_fields("little", letters.size() + 2) +
                       std::string(kKeep) + R"(, "action": "sleep"})";
  header.replace(header.find("utf-8"), 5, "latin-1");
  send(peer, message(header, "\"" + letters + "\""));
  CHECK(answer_of_pool(peer).empty());
  pass(100ms);
  CHECK(receive(peer).find("slept: éé") != std::string::npos);
}

TEST_CASE_FIXTURE(LargeFixture,
                  "large: who leaves takes its memory along, at once or with its job") {
  auto peer = connect();
  send(peer, large);
  CHECK(shared->budget.used() > value.size());
  CHECK(shared->budget.used() <= 4 * (value.size() + 1000) + 4000);
  peer.reset();
  settle();
  CHECK(shared->budget.used() <= 3 * (value.size() + 1000));
  pool.work();
  settle();
  CHECK(shared->budget.used() == 0);
  CHECK(count(Counter::kWorkDropped) == 1);
}

TEST_CASE_FIXTURE(LargeFixture, "large: who shut its sending side waits for it beyond the grace") {
  auto peer = connect();
  send(peer, large);
  peer.finish();
  settle();
  pass(3 * limits.half_close_grace);
  CHECK(answer_of_pool(peer) == large_reply);
}

TEST_CASE_FIXTURE(LargeFixture, "large: a drain waits for it") {
  auto peer = connect();
  send(peer, large);
  worker->drain();
  settle();
  CHECK(drained == 0);
  CHECK(answer_of_pool(peer).size() > value.size());
  peer.reset();
  settle();
  CHECK(drained == 1);
}

TEST_CASE_FIXTURE(LargeFixture, "nesting: beyond the limit a content is invalid, a header bad") {
  limits.max_nesting = 10;
  auto peer = connect();
  const std::string deep = std::string(10, '[') + std::string(10, ']');
  CHECK(exchange(peer, call("echo", deep.substr(1, 18), kKeep)) ==
        reply("{\"result\": " + deep.substr(1, 18) + "}", kKeepOk));
  CHECK(exchange(peer, call("echo", deep, kKeep)).find("\"status\": \"invalid_content\"") !=
        std::string::npos);
  CHECK(exchange(peer, search("morpheus", std::string(kKeep) + ", \"x\": " + deep))
            .find("\"status\": \"bad_header\"") != std::string::npos);
  CHECK(peer.ended());
}

// Calls that wait ---------------------------------------------------------------------------------

TEST_CASE_FIXTURE(LargeFixture, "calls: one more than may wait over all sessions is overloaded") {
  limits.max_calls = 2;
  auto first = connect();
  auto second = connect();
  CHECK(exchange(first, call("hold", "\"a\"", kKeep)).empty());
  CHECK(exchange(second, call("hold", "\"b\"", kKeep)).empty());
  auto third = connect();
  CHECK(exchange(third, call("hold", "\"c\"", kKeep)).find("overloaded") != std::string::npos);
  CHECK(third.ended());
  CHECK(count(Counter::kCallLimit) == 1);
  SUBCASE("until one is answered") { answer("a"); }
  SUBCASE("until a session is gone") {
    first.reset();
    settle();
  }
  auto fourth = connect();
  CHECK(exchange(fourth, call("hold", "\"d\"", kKeep)).empty());
  CHECK(shared->calls.in_use() == 2);
}

TEST_CASE_FIXTURE(LargeFixture, "calls: a large request of an action that waits is one of them") {
  limits.max_calls = 1;
  auto peer = connect();
  send(peer, call("sleep", value, kKeep));
  CHECK(shared->calls.in_use() == 1);
  CHECK(answer_of_pool(peer).empty());
  CHECK(shared->calls.in_use() == 1);
  pass(100ms);
  CHECK(receive(peer).find("slept: vvv") != std::string::npos);
  CHECK(shared->calls.in_use() == 0);
  CHECK(count(Counter::kCallsBegun) == 1);
  CHECK(count(Counter::kCallsAnswered) == 1);
}

TEST_CASE_FIXTURE(LargeFixture, "calls: what a waiting call holds counts in the memory") {
  auto peer = connect();
  std::string requests;
  for (int i = 0; i < 20; ++i) requests += call("hold", "\"" + std::to_string(i) + "\"", kKeep);
  CHECK(exchange(peer, requests).empty());
  CHECK(shared->budget.used() >= 20 * (sizeof(Call) + sizeof(CallHandle)));
  for (int i = 0; i < 20; ++i) answer(std::to_string(i));
  CHECK(shared->budget.used() == 0);
}

}  // namespace
}  // namespace appd::servers
