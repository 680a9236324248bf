#include "tests/servers/worker_fixture.h"

namespace appd::servers {
namespace {

using namespace std::chrono_literals;
using protocol::Protocol;
using testing::error_reply;
using testing::message;
using testing::WorkerFixture;

// message-echo -------------------------------------------------------------------------------

TEST_CASE_FIXTURE(WorkerFixture, "message-echo: a message comes back verbatim, then the end") {
  auto peer = connect(Protocol::kMessageEcho);
  const std::string bytes = message(R"({"Content-type": "x", "CONTENT-Length":   5})", "hello");
  CHECK(exchange(peer, bytes + "and more") == bytes);
  CHECK(peer.ended());
  CHECK(count(Counter::kRequests) == 1);
}

TEST_CASE_FIXTURE(WorkerFixture, "message-echo: kept alive, one message follows the other") {
  auto peer = connect(Protocol::kMessageEcho);
  const std::string kept = message(R"({"content-length": 3, "connection": "keep-alive"})", "abc");
  const std::string empty = message(R"({"content-length": 0, "connection": "keep-alive"})");
  const std::string last = message(R"({"content-length": 3})", "end");
  CHECK(exchange(peer, kept + empty + kept) == kept + empty + kept);
  CHECK(!peer.ended());
  CHECK(exchange(peer, last) == last);
  CHECK(peer.ended());
}

TEST_CASE_FIXTURE(WorkerFixture, "message-echo: a message larger than the memory streams through") {
  limits.max_buffered = 256 * 1024;
  limits.write_high_watermark = 64 * 1024;
  limits.max_content = 1000;
  auto peer = connect(Protocol::kMessageEcho);
  constexpr std::size_t kPieces = 32 * 1024;
  const std::string piece(1024, 'p');
  const std::string header = message(R"({"content-length": 33554432})");
  std::size_t most = 0;
  std::size_t received = exchange(peer, header).size();
  std::size_t sent = 0;
  std::string_view rest = piece;
  while (sent < kPieces || received < header.size() + kPieces * piece.size()) {
    for (int i = 0; i < 100 && sent < kPieces; ++i) {
      rest = peer.send_some(rest);
      if (!rest.empty()) break;
      rest = piece;
      ++sent;
    }
    settle();
    most = std::max(most, shared->budget.used());
    const std::size_t fresh = peer.receive(50'000).size();
    received += fresh;
    settle();
    REQUIRE((fresh > 0 || sent < kPieces));
  }
  CHECK(received == header.size() + kPieces * piece.size());
  CHECK(most < 512 * 1024);
  peer.receive();
  CHECK(peer.ended());
}

TEST_CASE_FIXTURE(WorkerFixture, "message-echo: a bad header gets an error and the end") {
  auto peer = connect(Protocol::kMessageEcho);
  const std::string received = exchange(peer, message(R"({"content-type": "x"})"));
  CHECK(received.find(R"("connection": "close", "status": "bad_header"})") != std::string::npos);
  CHECK(peer.ended());
}

TEST_CASE_FIXTURE(WorkerFixture, "message-echo: within a message a time-out is only the end") {
  auto peer = connect(Protocol::kMessageEcho);
  const std::string bytes = message(R"({"content-length": 10})", "begun");
  CHECK(exchange(peer, bytes) == bytes);
  pass(limits.request_timeout + 1ms);
  CHECK(peer.receive().empty());
  CHECK(peer.ended());
  CHECK(count(Counter::kRequestTimeout) == 1);
}

TEST_CASE_FIXTURE(WorkerFixture, "message-echo: no header in time is answered") {
  auto peer = connect(Protocol::kMessageEcho);
  settle();
  pass(limits.header_timeout + 1ms);
  CHECK(peer.receive() == error_reply("the header of a message was not complete in time",
                                      R"(, "connection": "close", "status": "timeout")"));
  CHECK(peer.ended());
}

// framed-echo --------------------------------------------------------------------------------

std::string frame(std::string_view payload) {
  return {message(payload)};  // the same prefix
}

TEST_CASE_FIXTURE(WorkerFixture, "framed-echo: each frame comes back, the connection stays") {
  auto peer = connect(Protocol::kFramedEcho);
  for (const std::size_t size : {0u, 1u, 5u, 1000u, 65535u}) {
    const std::string bytes = frame(std::string(size, 'f'));
    CHECK(exchange_all(peer, bytes) == bytes);
  }
  CHECK(exchange(peer, frame("a") + frame("") + frame("bc")) ==
        frame("a") + frame("") + frame("bc"));
  CHECK(!peer.ended());
}

TEST_CASE_FIXTURE(WorkerFixture, "framed-echo: a frame in pieces comes back in one") {
  auto peer = connect(Protocol::kFramedEcho);
  const std::string bytes = frame("hello, world");
  for (std::size_t i = 0; i + 1 < bytes.size(); ++i)
    CHECK(exchange(peer, bytes.substr(i, 1)) == "");
  CHECK(exchange(peer, bytes.substr(bytes.size() - 1)) == bytes);
}

TEST_CASE_FIXTURE(WorkerFixture, "framed-echo: whole frames do not wait for one in pieces") {
  auto peer = connect(Protocol::kFramedEcho);
  CHECK(exchange(peer, frame("one") + frame("two").substr(0, 4)) == frame("one"));
  CHECK(exchange(peer, frame("two").substr(4)) == frame("two"));
}

TEST_CASE_FIXTURE(WorkerFixture, "framed-echo: the peer's end is the end, half a frame or not") {
  auto peer = connect(Protocol::kFramedEcho);
  peer.send(frame("one") + frame("two").substr(0, 4));
  peer.finish();
  settle();
  CHECK(peer.receive() == frame("one"));
  CHECK(peer.ended());
  CHECK(worker->session_count() == 0);
}

TEST_CASE_FIXTURE(WorkerFixture, "framed-echo: a frame that is not finished times out") {
  auto peer = connect(Protocol::kFramedEcho);
  peer.send(frame("two").substr(0, 4));
  settle();
  pass(limits.request_timeout + 1ms);
  CHECK(peer.receive().empty());
  CHECK(peer.ended());
}

TEST_CASE_FIXTURE(WorkerFixture, "framed-echo: many frames beyond the watermark all come back") {
  limits.write_high_watermark = 1000;
  auto peer = connect(Protocol::kFramedEcho);
  std::string bytes;
  for (std::size_t i = 0; i < 3000; ++i) bytes += frame(std::string(i % 300, 'f'));
  CHECK(exchange_all(peer, bytes) == bytes);
}

// raw-echo -----------------------------------------------------------------------------------

TEST_CASE_FIXTURE(WorkerFixture, "raw-echo: every byte comes back, and the end behind the last") {
  auto peer = connect(Protocol::kRawEcho);
  CHECK(exchange(peer, "hello") == "hello");
  std::string bytes;
  for (int i = 0; i < 100'000; ++i) bytes += std::to_string(i);
  std::string_view rest = bytes;
  while (!rest.empty()) {
    const auto before = rest.size();
    rest = peer.send_some(rest);
    settle();
    if (rest.size() == before) break;
  }
  std::string received = exchange_all(peer, rest);
  CHECK(received == bytes);
  peer.send("last");
  peer.finish();
  settle();
  CHECK(peer.receive() == "last");
  CHECK(peer.ended());
  CHECK(worker->session_count() == 0);
}

TEST_CASE_FIXTURE(WorkerFixture, "raw-echo: half-closed with much unsent, all of it still comes") {
  auto peer = connect(Protocol::kRawEcho);
  const std::string bytes(200'000, 'r');
  std::string_view rest = bytes;
  while (!rest.empty()) {
    rest = peer.send_some(rest);
    settle();
  }
  peer.finish();
  settle();
  CHECK(!peer.ended());
  std::string received;
  for (int i = 0; i < 100 && !peer.ended(); ++i) {
    received += peer.receive();
    settle();
  }
  CHECK(received == bytes);
  CHECK(peer.ended());
}

// Sends `bytes`, and reads what comes back so slowly that it takes far longer than any time limit.
void check_slow_reader(WorkerFixture& fixture, Protocol protocol, const std::string& bytes) {
  fixture.limits.write_high_watermark = 20'000;
  auto peer = fixture.connect(protocol);
  std::string_view rest = bytes;
  std::string received;
  const auto begin = fixture.world.now();
  while (received.size() < bytes.size() && !peer.ended() && !peer.error()) {
    rest = peer.send_some(rest);
    received += peer.receive(2'000);
    fixture.pass(1s);
  }
  CHECK((received == bytes));
  CHECK(fixture.world.now() > begin + 2 * fixture.limits.request_timeout);
  CHECK(fixture.count(Counter::kRequestTimeout) == 0);
}

TEST_CASE_FIXTURE(WorkerFixture, "echo: a message is not late because its sender reads slowly") {
  SUBCASE("message-echo") {
    const std::string content(400'000, 'm');
    check_slow_reader(
        *this, Protocol::kMessageEcho,
        message(R"({"connection": "keep-alive", "content-length": 400000})", content));
  }
  SUBCASE("framed-echo") {
    std::string frames;
    for (int i = 0; i < 10; ++i) frames += std::string("\x9c\x40", 2) + std::string(40'000, 'f');
    check_slow_reader(*this, Protocol::kFramedEcho, frames);
  }
  SUBCASE("raw-echo") { check_slow_reader(*this, Protocol::kRawEcho, std::string(400'000, 'r')); }
}

TEST_CASE_FIXTURE(WorkerFixture, "raw-echo: idle, it is closed; a slow reader is not idle") {
  auto peer = connect(Protocol::kRawEcho);
  std::string_view rest;
  const std::string bytes(100'000, 'r');
  rest = peer.send_some(bytes);
  settle();
  rest = peer.send_some(rest);
  settle();
  for (int i = 0; i < 10; ++i) {
    pass(limits.write_timeout - 1s);
    CHECK(peer.receive(1000).size() == 1000);
    settle();
  }
  peer.receive();
  settle();
  peer.receive();
  CHECK(!peer.ended());
  pass(2 * limits.idle_timeout);
  peer.receive();
  CHECK(peer.ended());
  CHECK(count(Counter::kIdleTimeout) == 1);
}

}  // namespace
}  // namespace appd::servers
