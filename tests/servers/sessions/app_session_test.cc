#include "tests/servers/worker_fixture.h"

namespace appd::servers {
namespace {

using namespace std::chrono_literals;
using testing::error_reply;
using testing::found;
using testing::kKeep;
using testing::kKeepOk;
using testing::message;
using testing::reply;
using testing::request;
using testing::search;
using testing::WorkerFixture;

// {"result": "Error: ..."} of an error reply, whose text belongs to somebody else's tests.
std::string content_of(std::string_view bytes) {
  const auto begin = bytes.find(R"({"result": "Error: )");
  return std::string(bytes.substr(std::min(begin, bytes.size())));
}

TEST_CASE_FIXTURE(WorkerFixture, "app: a plain request gets a plain reply and the end") {
  auto peer = connect();
  CHECK(exchange(peer, search("morpheus")) == found());
  CHECK(peer.ended());
}

TEST_CASE_FIXTURE(WorkerFixture, "app: pipelined requests are answered in order") {
  auto peer = connect();
  std::string requests;
  std::string replies;
  for (int i = 0; i < 50; ++i) {
    const std::string id = R"(, "request-id": ")" + std::to_string(i) + "\"";
    requests += search("morpheus", std::string(kKeep) + id);
    replies += found(std::string(kKeep) + id + R"(, "status": "ok")");
  }
  CHECK(exchange(peer, requests) == replies);
  CHECK(!peer.ended());
}

TEST_CASE_FIXTURE(WorkerFixture, "app: pipelined requests of many reads are answered in order") {
  auto peer = connect();
  std::string requests;
  std::string replies;
  for (int i = 0; i < 3000; ++i) {
    const std::string id = R"(, "request-id": )" + std::to_string(i);
    requests += search("morpheus", std::string(kKeep) + id);
    replies += found(std::string(kKeep) + id + R"(, "status": "ok")");
  }
  CHECK(exchange_all(peer, requests) == replies);
}

TEST_CASE_FIXTURE(WorkerFixture, "app: what follows a last request is not answered") {
  auto peer = connect();
  CHECK(exchange(peer, search("morpheus", kKeep) + search("morpheus") + search("morpheus")) ==
        found(kKeepOk) + found());
  CHECK(peer.ended());
  CHECK(count(Counter::kRequests) == 2);
}

TEST_CASE_FIXTURE(WorkerFixture, "app: connection close is repeated, and done") {
  auto peer = connect();
  CHECK(exchange(peer, search("morpheus", R"(, "connection": "close")")) ==
        found(R"(, "connection": "close", "status": "ok")"));
  CHECK(peer.ended());
}

TEST_CASE_FIXTURE(WorkerFixture, "app: a request is answered though its sender has ended") {
  auto peer = connect();
  peer.send(search("morpheus", kKeep));
  peer.finish();
  settle();
  CHECK(peer.receive() == found(kKeepOk));
  CHECK(peer.ended());
  CHECK(worker->session_count() == 0);
}

TEST_CASE_FIXTURE(WorkerFixture, "app: a large message in small pieces arrives whole") {
  auto peer = connect();
  const std::string value = "\"" + std::string(3 * 1024 * 1024, 'v') + "\"";
  const std::string received =
      exchange_all(peer, request(R"({"action": "echo", "value": )" + value + "}"));
  CHECK(received == reply("{\"result\": " + value + "}"));
  CHECK(peer.ended());
}

// Errors -------------------------------------------------------------------------------------

TEST_CASE_FIXTURE(WorkerFixture, "app: an action that nobody registered") {
  auto peer = connect();
  CHECK(exchange(peer, request(R"({"action": "nope", "value": 1})")) ==
        error_reply(R"(invalid action \"nope\".)"));
  CHECK(peer.ended());
}

TEST_CASE_FIXTURE(WorkerFixture, "app: an error as negotiated leaves the connection open") {
  std::string content;
  std::string status;
  SUBCASE("invalid_action") {
    content = R"({"action": "nope"})";
    status = "invalid_action";
  }
  SUBCASE("invalid_content") {
    content = "not json";
    status = "invalid_content";
  }
  SUBCASE("invalid_content, false in Python") {
    content = "{}";
    status = "invalid_content";
  }
  SUBCASE("invalid_content, empty") { status = "invalid_content"; }
  SUBCASE("invalid_argument") {
    content = R"({"action": "double", "value": "two"})";
    status = "invalid_argument";
  }
  SUBCASE("out_of_range") {
    content = R"({"action": "double", "value": 9223372036854775807})";
    status = "out_of_range";
  }
  SUBCASE("internal") {
    content = R"({"action": "broken", "value": 1})";
    status = "internal";
  }
  CAPTURE(status);
  auto peer = connect();
  const std::string received = exchange(peer, request(content, kKeep));
  CHECK(content_of(received).size() > 20);
  CHECK(received == reply(content_of(received),
                          R"(, "connection": "keep-alive", "status": ")" + status + "\""));
  CHECK(received.find("fire") == std::string::npos);
  CHECK(exchange(peer, search("morpheus", kKeep)) == found(kKeepOk));
  CHECK(count(Counter::kErrorReplies) == 1);
  CHECK(count(Counter::kInternalErrors) == (status == "internal" ? 1 : 0));
}

TEST_CASE_FIXTURE(WorkerFixture, "app: an unknown text encoding") {
  auto peer = connect();
  const std::string received = exchange(
      peer, message(R"({"byteorder": "little", "content-type": "text/json", )"
                    R"("content-encoding": "klingon", "content-length": 2, "request-id": 7})",
                    "{}"));
  CHECK(received ==
        reply(content_of(received),
              R"(, "connection": "close", "request-id": 7, "status": "unsupported_encoding")"));
  CHECK(peer.ended());
}

TEST_CASE_FIXTURE(WorkerFixture,
                  "app: a bad header is answered with extension fields, and closed") {
  std::string header;
  SUBCASE("not JSON") { header = "{nonsense}"; }
  SUBCASE("not an object") { header = "[1, 2]"; }
  SUBCASE("empty") {}
  SUBCASE("not UTF-8") { header = "{\"byteorder\": \"\xff\"}"; }
  SUBCASE("a field is missing") { header = R"({"byteorder": "little"})"; }
  SUBCASE("a negative length") {
    header = R"({"byteorder": "little", "content-type": "a", "content-encoding": "b", )"
             R"("content-length": -1})";
  }
  auto peer = connect();
  const std::string received = exchange(peer, message(header));
  CHECK(content_of(received).size() > 20);
  CHECK(received ==
        reply(content_of(received), R"(, "connection": "close", "status": "bad_header")"));
  CHECK(peer.ended());
}

TEST_CASE_FIXTURE(WorkerFixture, "app: a bad header's request-id comes back if it was understood") {
  auto peer = connect();
  const std::string received =
      exchange(peer, message(R"({"request-id": "r-1", "content-length": true})"));
  CHECK(received ==
        reply(content_of(received),
              R"(, "connection": "close", "request-id": "r-1", "status": "bad_header")"));
}

TEST_CASE_FIXTURE(WorkerFixture, "app: too large a content is answered at once, unread") {
  limits.max_content = 100;
  auto peer = connect();
  const std::string large = request(std::string(101, 'x'), kKeep);
  const std::string received = exchange(peer, large.substr(0, large.size() - 101));
  CHECK(received == error_reply("content-length must be at most 100, not 101",
                                R"(, "connection": "close", "status": "content_too_large")"));
  CHECK(peer.ended());
  CHECK(count(Counter::kContentTooLarge) == 1);
}

TEST_CASE_FIXTURE(WorkerFixture, "app: content at the limit is taken") {
  limits.max_content = 41;
  auto peer = connect();
  CHECK(exchange(peer, search("morpheus")) == found());
}

TEST_CASE_FIXTURE(WorkerFixture, "app: an error reply arrives though the peer goes on sending") {
  limits.max_content = 100;
  auto peer = connect();
  std::string received;
  SUBCASE("bad_header") { peer.send(message("{nonsense}")); }
  SUBCASE("content_too_large") { peer.send(request(std::string(60'000, 'x'))); }
  SUBCASE("the last reply") { peer.send(search("morpheus")); }
  settle();
  pass(reactor::Connection::kGlance);
  for (int i = 0; i < 100; ++i) {
    settle();
    peer.send(std::string(10'000, 'x'));
  }
  settle();
  received = peer.receive();
  CHECK(received.find("{\"result\": ") != std::string::npos);
  CHECK(peer.ended());
  CHECK(!peer.error());
  CHECK(worker->session_count() == 1);
  peer.finish();
  settle();
  CHECK(worker->session_count() == 0);
  CHECK(count(Counter::kClosed) == 1);
}

TEST_CASE_FIXTURE(WorkerFixture, "app: one peer's error does not touch another's connection") {
  auto good = connect();
  auto bad = connect();
  const std::string one = search("morpheus", kKeep);
  CHECK(exchange(good, one.substr(0, 50)).empty());
  CHECK(exchange(bad, message(R"({"request-id": "r-1", "content-length": true})")) != "");
  CHECK(exchange(good, one.substr(50, 80)).empty());
  bad.reset();
  CHECK(exchange(good, one.substr(130)) == found(kKeepOk));
}

// Time-outs ----------------------------------------------------------------------------------

constexpr std::string_view kClosedTimeout = R"(, "connection": "close", "status": "timeout")";

TEST_CASE_FIXTURE(WorkerFixture,
                  "app: nobody waits for a first message beyond the header time-out") {
  auto peer = connect();
  settle();
  pass(limits.header_timeout - 1ms);
  CHECK(peer.receive().empty());
  CHECK(!peer.ended());
  pass(2ms);
  CHECK(peer.receive() ==
        error_reply("the header of a message was not complete in time", kClosedTimeout));
  CHECK(peer.ended());
  CHECK(count(Counter::kHeaderTimeout) == 1);
}

TEST_CASE_FIXTURE(WorkerFixture, "app: a header byte by byte does not move the header time-out") {
  auto peer = connect();
  settle();
  const std::string bytes = search("morpheus");
  for (std::size_t i = 0; i < 20; ++i) {
    pass(limits.header_timeout / 20 + 1ms);
    peer.send(bytes.substr(i, 1));
  }
  settle();
  CHECK(peer.receive() ==
        error_reply("the header of a message was not complete in time", kClosedTimeout));
  CHECK(peer.ended());
}

TEST_CASE_FIXTURE(WorkerFixture, "app: each pipelined header has its own time") {
  auto peer = connect();
  const std::string one = search("morpheus", kKeep);
  CHECK(exchange(peer, one.substr(0, 20)).empty());
  // Each piece ends one message and begins the next, within its header.
  for (int i = 0; i < 5; ++i) {
    pass(limits.header_timeout - 1s);
    CHECK(exchange(peer, one.substr(20) + one.substr(0, 20)) == found(kKeepOk));
  }
  CHECK(count(Counter::kHeaderTimeout) == 0);
}

TEST_CASE_FIXTURE(WorkerFixture, "app: content that stays away is a request time-out") {
  auto peer = connect();
  const std::string bytes = search("morpheus", R"(, "request-id": 5)");
  peer.send(bytes.substr(0, bytes.size() - 1));
  settle();
  pass(limits.request_timeout - 1ms);
  CHECK(peer.receive().empty());
  pass(2ms);
  CHECK(peer.receive() ==
        error_reply("the message was not complete in time",
                    R"(, "connection": "close", "request-id": 5, "status": "timeout")"));
  CHECK(peer.ended());
  CHECK(count(Counter::kRequestTimeout) == 1);
}

TEST_CASE_FIXTURE(WorkerFixture, "app: a plain request that times out gets a plain reply") {
  auto peer = connect();
  const std::string bytes = search("morpheus");
  peer.send(bytes.substr(0, bytes.size() - 1));
  settle();
  pass(limits.request_timeout + 1ms);
  CHECK(peer.receive() == error_reply("the message was not complete in time"));
}

TEST_CASE_FIXTURE(WorkerFixture,
                  "app: a time-out's reply arrives though the peer goes on sending") {
  auto peer = connect();
  peer.send(search("morpheus").substr(0, 120));
  settle();
  pass(limits.request_timeout + 1ms);
  for (int i = 0; i < 30; ++i) {
    peer.send(std::string(10'000, 'x'));
    settle();
  }
  CHECK(peer.receive() == error_reply("the message was not complete in time"));
  CHECK(peer.ended());
  CHECK(!peer.error());
}

TEST_CASE_FIXTURE(WorkerFixture,
                  "app: a kept connection is closed when it is idle, without a word") {
  auto peer = connect();
  CHECK(exchange(peer, search("morpheus", kKeep)) == found(kKeepOk));
  pass(limits.idle_timeout - 1ms);
  CHECK(exchange(peer, search("morpheus", kKeep)) == found(kKeepOk));
  pass(limits.idle_timeout - 1ms);
  CHECK(!peer.ended());
  pass(2ms);
  CHECK(peer.receive().empty());
  CHECK(peer.ended());
  CHECK(count(Counter::kIdleTimeout) == 1);
}

TEST_CASE_FIXTURE(WorkerFixture, "app: a later message's time begins with its first byte") {
  auto peer = connect();
  const std::string bytes = search("morpheus", kKeep);
  CHECK(exchange(peer, bytes) == found(kKeepOk));
  pass(limits.idle_timeout - 1s);
  CHECK(exchange(peer, bytes.substr(0, 10)).empty());
  pass(limits.header_timeout - 1s);
  CHECK(exchange(peer, bytes.substr(10)) == found(kKeepOk));
}

TEST_CASE_FIXTURE(WorkerFixture, "app: a peer that does not take its replies is closed in time") {
  auto peer = connect();
  std::string requests;
  for (int i = 0; i < 400; ++i) requests += search("morpheus", kKeep);
  std::string_view rest = requests;
  while (!rest.empty()) {
    const auto before = rest.size();
    rest = peer.send_some(rest);
    settle();
    if (rest.size() == before) break;
  }
  CHECK(worker->session_count() == 1);
  pass_in_turns(limits.write_timeout + 2s);
  CHECK(worker->session_count() == 0);
  CHECK(count(Counter::kWriteTimeout) == 1);
}

TEST_CASE_FIXTURE(WorkerFixture,
                  "app: replies above the watermark stop reading; all are answered") {
  limits.write_high_watermark = 10'000;
  auto peer = connect();
  std::string requests;
  std::string replies;
  for (int i = 0; i < 3000; ++i) {
    requests += search("morpheus", kKeep);
    replies += found(kKeepOk);
  }
  std::string_view rest = requests;
  for (std::size_t before = 0; before != rest.size();) {
    before = rest.size();
    rest = peer.send_some(rest);
    settle();
  }
  CHECK(!rest.empty());  // it was stopped
  CHECK(count(Counter::kWatermark) >= 1);
  CHECK(exchange_all(peer, rest) == replies);
  CHECK(!peer.ended());
  pass(limits.idle_timeout + 1ms);
  peer.receive();
  CHECK(peer.ended());
}

TEST_CASE_FIXTURE(WorkerFixture, "app: a deadline that passed on the way is answered so") {
  auto peer = connect();
  const std::string bytes = search("morpheus", R"(, "deadline-ms": 500)");
  peer.send(bytes.substr(0, 60));
  settle();
  pass(501ms);
  const std::string received = exchange(peer, bytes.substr(60));
  CHECK(received ==
        error_reply("the deadline of 500 ms had passed before the action could be called",
                    R"(, "connection": "close", "status": "deadline_exceeded")"));
  CHECK(peer.ended());
}

TEST_CASE_FIXTURE(WorkerFixture, "app: a deadline in the future is no matter") {
  auto peer = connect();
  const std::string bytes = search("morpheus", R"(, "deadline-ms": 500)");
  peer.send(bytes.substr(0, 60));
  settle();
  pass(400ms);
  CHECK(exchange(peer, bytes.substr(60)) == found(R"(, "connection": "close", "status": "ok")"));
}

}  // namespace
}  // namespace appd::servers
