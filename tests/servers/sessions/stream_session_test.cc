#include "appd/servers/sessions/stream_session.h"

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/servers/worker_fixture.h"

namespace appd::servers {
namespace {

using namespace std::chrono_literals;
using handlers::Task;
using testing::WirePeer;
using testing::WorkerFixture;

struct StreamFixture : WorkerFixture {
  // A peer of a server that speaks `conversation`.
  WirePeer talk(Conversation conversation) {
    serve(session_maker("talk", std::move(conversation)));
    return again();
  }
  void serve(SessionMaker sessions) {
    auto protocols = std::make_shared<ServedProtocols>();
    add_built_in_protocols(*protocols);
    protocols->add("talk", std::move(sessions));
    start([&](ServerShared& used) { used.protocols = protocols; });
    auto socket = world.network().listen(reactor::Endpoint::any_ipv4(0), {}).value();
    door_ = socket->local_endpoint();
    worker->listen("talk", std::move(socket));
  }
  WirePeer again() { return WirePeer(world.network().connect(*door_).value()); }

 private:
  std::optional<reactor::Endpoint> door_;
};

std::string text(StreamEnd end) {
  return end == StreamEnd::kEnded      ? "ended"
         : end == StreamEnd::kCutShort ? "cut short"
                                       : "too long";
}

// Answers each line in brackets, and tells why there are no more.
Task<void> brackets(Stream peer) {
  StreamRead line;
  while ((line = co_await peer.read_until("\n", 8))) co_await peer.write("[" + *line + "]");
  co_await peer.write(text(line.error()));
}

struct Counted {
  explicit Counted(int& number) : alive(number) { ++alive; }
  ~Counted() { --alive; }
  int& alive;
};

// Reading ----------------------------------------------------------------------------------------

TEST_CASE_FIXTURE(StreamFixture, "stream: lines are read as they come, in pieces or many at once") {
  auto peer = talk(brackets);
  CHECK(exchange(peer, "one\ntwo\n\nth") == "[one][two][]");
  CHECK(exchange(peer, "ree") == "");
  CHECK(exchange(peer, "\n") == "[three]");
  CHECK(!peer.ended());
}

TEST_CASE_FIXTURE(StreamFixture, "stream: the peer's end is told, within a message as such") {
  auto whole = talk(brackets);
  whole.send("one\n");
  whole.finish();
  settle();
  CHECK(whole.receive() == "[one]ended");
  CHECK(whole.ended());
  auto part = again();
  part.send("one\ntw");
  part.finish();
  settle();
  CHECK(part.receive() == "[one]cut short");
  CHECK(part.ended());
}

TEST_CASE_FIXTURE(StreamFixture, "stream: what is longer than allowed is refused, not kept") {
  auto peer = talk(brackets);
  CHECK(exchange(peer, "12345678\n") == "[12345678]");
  CHECK(exchange(peer, "12345678") == "");
  CHECK(exchange(peer, "9") == "too long");
  CHECK(peer.ended());
  auto at_once = again();
  CHECK(exchange(at_once, "123456789\nand more\n") == "too long");
  CHECK(at_once.ended());
}

TEST_CASE_FIXTURE(StreamFixture, "stream: a delimiter of several bytes may come in pieces") {
  auto peer = talk([](Stream end) -> Task<void> {
    while (auto part = co_await end.read_until("\r\n", 8)) co_await end.write("[" + *part + "]");
  });
  CHECK(exchange(peer, "a\nb\r") == "");
  CHECK(exchange(peer, "\nc\r\r\n") == "[a\nb][c\r]");
}

TEST_CASE_FIXTURE(StreamFixture, "stream: frames, exactly so many bytes, and whatever is there") {
  auto peer = talk([](Stream end) -> Task<void> {
    const auto frame = co_await end.read_frame({.bytes = 4, .most = 10});
    co_await end.write("frame " + frame.value());
    const auto exact = co_await end.read_exactly(3);
    co_await end.write(", exactly " + exact.value());
    const auto some = co_await end.read_some(4);
    co_await end.write(", some " + some.value());
    const auto long_frame = co_await end.read_frame({.bytes = 1, .most = 10});
    co_await end.write(", " + text(long_frame.error()));
  });
  using std::string_literals::operator""s;
  CHECK(exchange(peer, "\0\0\0\2h"s) == "");
  CHECK(exchange(peer, "iab") == "frame hi");
  CHECK(exchange(peer, "c") == ", exactly abc");
  CHECK(exchange(peer, "1234") == ", some 1234");
  CHECK(!peer.ended());
  CHECK(exchange(peer, "\x0b") == ", too long");
  CHECK(peer.ended());
}

// Life -------------------------------------------------------------------------------------------

TEST_CASE_FIXTURE(StreamFixture,
                  "stream: a conversation may begin, and end, before anything comes") {
  auto peer = talk([](Stream end) -> Task<void> { co_await end.write("hello"); });
  settle();
  CHECK(peer.receive() == "hello");
  CHECK(peer.ended());
  peer.leave();
  settle();
  CHECK(worker->session_count() == 0);
}

TEST_CASE_FIXTURE(StreamFixture, "stream: one that throws is told in the log, and ends alone") {
  auto other = talk([](Stream end) -> Task<void> {
    while (auto line = co_await end.read_until("\n", 8)) {
      if (*line == "throw") throw std::runtime_error("the disk is on fire");
      co_await end.write(*line);
    }
  });
  CHECK(exchange(other, "a\n") == "a");
  auto peer = again();
  CHECK(exchange(peer, "throw\n") == "");
  CHECK(peer.ended());
  CHECK(count(Counter::kInternalErrors) == 1);
  CHECK(exchange(other, "b\n") == "b");
}

TEST_CASE_FIXTURE(StreamFixture, "stream: a function that throws before it waits does the same") {
  auto peer = talk([](Stream) -> Task<void> { throw std::runtime_error("no coroutine"); });
  settle();
  CHECK(peer.receive() == "");
  CHECK(peer.ended());
  CHECK(count(Counter::kInternalErrors) == 1);
}

TEST_CASE_FIXTURE(StreamFixture,
                  "stream: a broken connection destroys the coroutine where it waits") {
  int alive = 0;
  auto peer = talk([&alive](Stream end) -> Task<void> {
    const Counted counted(alive);
    const auto line = co_await end.read_until("\n", 8);
    co_await end.context().sleep(1h);
  });
  settle();
  CHECK(alive == 1);
  peer.reset();
  settle();
  CHECK(alive == 0);
  auto sleeping = again();
  CHECK(exchange(sleeping, "go\n") == "");
  CHECK(alive == 1);
  sleeping.reset();
  settle();
  CHECK(alive == 0);
  CHECK(worker->session_count() == 0);
}

TEST_CASE_FIXTURE(StreamFixture, "stream: a worker that ends takes its conversations along") {
  int alive = 0;
  auto peer = talk([&alive](Stream end) -> Task<void> {
    const Counted counted(alive);
    const auto line = co_await end.read_until("\n", 8);
  });
  settle();
  CHECK(alive == 1);
  worker.reset();
  CHECK(alive == 0);
}

// Waiting for something else ---------------------------------------------------------------------

TEST_CASE_FIXTURE(StreamFixture, "stream: what comes while it waits for time is kept for later") {
  auto peer = talk([](Stream end) -> Task<void> {
    while (auto line = co_await end.read_until("\n", 64)) {
      co_await end.context().sleep(1s);
      co_await end.write("[" + *line + "]");
    }
    co_await end.write("end");
  });
  CHECK(exchange(peer, "one\ntwo\n") == "");
  CHECK(exchange(peer, "three\n") == "");
  pass(1s);
  CHECK(peer.receive() == "[one]");
  pass(1s);
  CHECK(peer.receive() == "[two]");
  peer.finish();
  pass(1s);
  settle();
  CHECK(peer.receive() == "[three]end");
  CHECK(peer.ended());
}

TEST_CASE_FIXTURE(StreamFixture, "stream: a peer that has ended waits so long for its answer") {
  limits.half_close_grace = 2s;
  auto peer = talk([](Stream end) -> Task<void> {
    while (auto line = co_await end.read_until("\n", 64)) {
      co_await end.context().sleep(*line == "soon" ? 1s : 10s);
      co_await end.write("[" + *line + "]");
    }
  });
  peer.send("soon\n");
  peer.finish();
  settle();
  pass(1s);
  CHECK(peer.receive() == "[soon]");
  CHECK(peer.ended());
  auto late = again();
  late.send("late\n");
  late.finish();
  settle();
  pass(3s);
  CHECK(late.receive() == "");
  CHECK((late.ended() || late.error()));
}

TEST_CASE_FIXTURE(StreamFixture, "stream: a conversation calls actions of its server") {
  auto peer = talk([](Stream end) -> Task<void> {
    while (auto line = co_await end.read_until("\n", 64)) {
      const auto found =
          co_await end.context().call_action(handlers::CallRequest("search", "\"" + *line + "\""));
      const std::string answer(found ? found->result()->text() : "no");
      co_await end.write(answer);
    }
  });
  CHECK(exchange(peer, "morpheus\n") == R"("Follow the white rabbit. 🐰")");
}

TEST_CASE_FIXTURE(StreamFixture, "stream: who is there is known by the address that it has") {
  auto peer = talk([](Stream end) -> Task<void> { co_await end.write(end.peer().address); });
  settle();
  CHECK(peer.receive() == peer.transport().local_endpoint().to_string());
}

// Limits -----------------------------------------------------------------------------------------

TEST_CASE_FIXTURE(StreamFixture,
                  "stream: nobody reads what is written: it waits, and no more is kept") {
  limits.write_high_watermark = 100'000;
  std::size_t written = 0;
  auto peer = talk([&written](Stream end) -> Task<void> {
    const std::string piece(10'000, 'x');
    for (int i = 0; i < 100; ++i) {
      co_await end.write(piece);
      written += piece.size();
    }
  });
  settle();
  CHECK(written < 300'000);  // the watermark, and what the wire holds
  std::string received;
  for (int i = 0; i < 1000 && !peer.ended(); ++i) {
    received += peer.receive();
    settle();
  }
  CHECK(received.size() == 1'000'000);
  CHECK(peer.ended());
}

TEST_CASE_FIXTURE(StreamFixture, "stream: idle and slow peers are closed by the server's limits") {
  limits.idle_timeout = 10s;
  limits.request_timeout = 5s;
  int alive = 0;
  auto idle = talk([&alive](Stream end) -> Task<void> {
    const Counted counted(alive);
    while (auto line = co_await end.read_until("\n", 64)) co_await end.write(*line);
  });
  settle();
  pass_in_turns(8s);
  CHECK(exchange(idle, "a\n") == "a");
  pass_in_turns(8s);
  CHECK(alive == 1);
  pass_in_turns(3s);
  CHECK(count(Counter::kIdleTimeout) == 1);
  CHECK(idle.receive() == "");
  CHECK(idle.ended());
  idle.leave();
  settle();
  CHECK(alive == 0);
  auto slow = again();
  CHECK(exchange(slow, "a") == "");
  pass_in_turns(4s);
  CHECK(exchange(slow, "b") == "");
  pass_in_turns(2s);
  CHECK(count(Counter::kRequestTimeout) == 1);
  slow.leave();
  settle();
  CHECK(alive == 0);
}

TEST_CASE_FIXTURE(StreamFixture, "stream: whoever works is not idle") {
  limits.idle_timeout = 2s;
  auto peer = talk([](Stream end) -> Task<void> {
    co_await end.context().sleep(10s);
    co_await end.write("awake");
  });
  settle();
  pass_in_turns(9s);
  CHECK(peer.receive() == "");
  CHECK(!peer.ended());
  pass_in_turns(1s);
  CHECK(peer.receive() == "awake");
  CHECK(count(Counter::kIdleTimeout) == 0);
}

TEST_CASE_FIXTURE(StreamFixture, "stream: conversations are no calls that wait for an answer") {
  limits.max_calls = 1;
  auto peer = talk(brackets);
  auto other = again();
  CHECK(exchange(peer, "a\n") == "[a]");
  CHECK(exchange(other, "b\n") == "[b]");
}

// Drain ------------------------------------------------------------------------------------------

TEST_CASE_FIXTURE(StreamFixture,
                  "stream: a drain ends who waits for a message, and lets others answer") {
  auto idle = talk([](Stream end) -> Task<void> {
    while (auto line = co_await end.read_until("\n", 64)) {
      co_await end.context().sleep(3s);
      co_await end.write("[" + *line + "]");
    }
  });
  auto busy = again();
  CHECK(exchange(idle, "") == "");
  CHECK(exchange(busy, "last\n") == "");
  worker->drain();
  settle();
  pass_in_turns(2s);
  CHECK(idle.receive() == "");
  CHECK(idle.ended());
  CHECK(!busy.ended());
  pass_in_turns(2s);
  CHECK(busy.receive() == "[last]");
  busy.leave();
  pass_in_turns(2s);
  CHECK(drained == 1);
  CHECK(worker->drain_report().cut().empty());
}

TEST_CASE_FIXTURE(StreamFixture, "stream: what the drain's time-out cuts is reported by protocol") {
  limits.drain_timeout = 5s;
  auto busy = talk([](Stream end) -> Task<void> { co_await end.context().sleep(1h); });
  settle();
  worker->drain();
  pass_in_turns(6s);
  CHECK(drained == 1);
  CHECK(worker->drain_report().cut() == DrainReport::Counts{{"talk", 1}});
}

// A session class --------------------------------------------------------------------------------

// Each line backwards, the suffix behind.
class Backwards final : public Session {
 public:
  Backwards(SessionStart&& start, const std::string& suffix)
      : Session(std::move(start)), suffix_(suffix) {}

 private:
  reactor::Consumed on_bytes(std::span<const std::byte> bytes) override {
    std::size_t taken = 0;
    protocol::Frame line;
    while ((line = protocol::decode_delimited(bytes.subspan(taken), "\n", 16)).complete) {
      taken += line.bytes;
      std::string answer(reinterpret_cast<const char*>(line.payload.data()), line.payload.size());
      std::reverse(answer.begin(), answer.end());
      connection().send(std::as_bytes(std::span(answer += suffix_)));
    }
    if (line.too_long) connection().close();
    return took(bytes, taken, line.bytes);
  }

  const std::string& suffix_;
};

TEST_CASE_FIXTURE(StreamFixture, "session class: bytes in, bytes out, with the server's limits") {
  limits.request_timeout = 5s;
  serve(session_maker<Backwards>(std::string("!")));
  auto peer = again();
  CHECK(exchange(peer, "abc\nde\nf") == "cba!ed!");
  CHECK(exchange(peer, "g\n") == "gf!");
  CHECK(exchange(peer, std::string(17, 'x')) == "");
  CHECK(peer.ended());
  auto slow = again();
  CHECK(exchange(slow, "a") == "");
  pass_in_turns(6s);
  CHECK(count(Counter::kRequestTimeout) == 1);
}

TEST_CASE_FIXTURE(StreamFixture, "session class: a message cut by the drain is told by protocol") {
  limits.drain_timeout = 2s;
  serve(session_maker<Backwards>(std::string()));
  auto peer = again();
  CHECK(exchange(peer, "abc") == "");
  worker->drain();
  pass_in_turns(3s);
  CHECK(worker->drain_report().cut() == DrainReport::Counts{{"talk", 1}});
}

}  // namespace
}  // namespace appd::servers
