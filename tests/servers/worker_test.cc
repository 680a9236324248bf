#include "worker_fixture.h"

namespace appd::servers {
namespace {

using namespace std::chrono_literals;
using protocol::Protocol;
using testing::error_reply;
using testing::found;
using testing::kCloseOk;
using testing::kKeep;
using testing::kKeepOk;
using testing::make_registry;
using testing::reply;
using testing::request;
using testing::search;
using testing::WirePeer;
using testing::WorkerFixture;

// Limits of connections ----------------------------------------------------------------------

TEST_CASE_FIXTURE(WorkerFixture, "worker: at the limit it accepts nobody until one ends") {
  limits.max_connections = 2;
  auto a = connect();
  auto b = connect(Protocol::kRawEcho);
  auto c = connect();
  CHECK(exchange(a, search("morpheus", kKeep)) == found(kKeepOk));
  CHECK(exchange(c, search("morpheus")).empty());
  CHECK(worker->session_count() == 2);
  CHECK(count(Counter::kConnectionLimit) == 1);
  b.leave();
  settle();
  settle();
  CHECK(c.receive() == found());
  CHECK(worker->session_count() == 2);
}

TEST_CASE_FIXTURE(WorkerFixture, "worker: too many of one peer are told so") {
  limits.max_connections_per_peer = 1;
  auto a = connect();
  auto b = connect();
  CHECK(exchange(a, search("morpheus", kKeep)) == found(kKeepOk));
  CHECK(exchange(b, search("morpheus")) ==
        error_reply("too many connections from 127.0.0.1; close one first",
                    R"(, "connection": "close", "status": "overloaded")"));
  CHECK(b.ended());
  CHECK(!b.error());
  CHECK(count(Counter::kPeerLimit) == 1);

  // Neither the refusal nor an end of it takes the place of the one that counts.
  b.leave();
  settle();
  auto c = connect();
  CHECK(exchange(c, search("morpheus")).find("overloaded") != std::string::npos);
  a.leave();
  settle();
  auto d = connect();
  CHECK(exchange(d, search("morpheus")) == found());
}

TEST_CASE_FIXTURE(WorkerFixture, "worker: one that was refused and stays is closed in time") {
  limits.max_connections_per_peer = 1;
  auto a = connect();
  auto b = connect();
  settle();
  CHECK(worker->session_count() == 2);
  pass(6s);
  CHECK(worker->session_count() == 1);
}

TEST_CASE_FIXTURE(WorkerFixture, "worker: without descriptors it goes on later") {
  auto a = connect();
  const std::size_t usual = world.network().limit_descriptors(0);
  CHECK(exchange(a, search("morpheus")).empty());
  CHECK(count(Counter::kAcceptExhausted) == 1);
  world.network().limit_descriptors(usual);
  pass(reactor::Listener::kExhaustedPause + 1ms);
  CHECK(a.receive() == found());
}

TEST_CASE_FIXTURE(WorkerFixture, "worker: places of ended sessions are used again") {
  const std::size_t before = (connect().leave(), settle(), world.open_descriptors());
  for (int round = 0; round < 20; ++round) {
    std::vector<WirePeer> peers;
    for (int i = 0; i < 10; ++i) peers.push_back(connect());
    for (auto& peer : peers) CHECK(exchange(peer, search("morpheus")) == found());
    peers.clear();
    settle();
    pass(reactor::Connection::kGlance);
  }
  CHECK(worker->session_count() == 0);
  CHECK(world.open_descriptors() == before);
  CHECK(worker->loop().timers().armed_count() == 0);
  CHECK(count(Counter::kAccepted) == 201);
  CHECK(count(Counter::kClosed) == 201);
}

TEST_CASE_FIXTURE(WorkerFixture, "worker: destroyed with sessions under way, all is given back") {
  auto a = connect();
  auto b = connect(Protocol::kRawEcho);
  a.send(search("morpheus").substr(0, 100));
  b.send("hello");
  settle();
  worker.reset();
  a.receive();
  b.receive();
  CHECK(world.open_descriptors() == 2);  // the peers' own
}

TEST_CASE_FIXTURE(WorkerFixture, "worker: another registry counts from the next request on") {
  auto peer = connect();
  CHECK(exchange(peer, search("morpheus", kKeep)) == found(kKeepOk));
  const std::string half = search("morpheus", kKeep);
  CHECK(exchange(peer, half.substr(0, 100)).empty());
  worker->set_registry(make_registry(handlers::SearchEntries{{"morpheus", "Wake up."}}));
  CHECK(exchange(peer, half.substr(100)) == reply(R"({"result": "Wake up."})", kKeepOk));
}

TEST_CASE_FIXTURE(WorkerFixture, "worker: a connection that could not be accepted takes no place") {
  limits.max_connections = 1;
  auto a = connect();
  const std::size_t usual = world.network().limit_descriptors(0);
  CHECK(exchange(a, search("morpheus")).empty());
  CHECK(shared->connections.in_use() == 0);
  world.network().limit_descriptors(usual);
  pass(reactor::Listener::kExhaustedPause + 1ms);
  CHECK(a.receive() == found());
}

// Drain --------------------------------------------------------------------------------------

TEST_CASE_FIXTURE(WorkerFixture, "drain: with nobody there it is done at once") {
  start();
  worker->drain();
  CHECK(drained == 1);
  worker->drain();
  worker->stop();
  settle();
  CHECK(drained == 1);
  CHECK(worker->loop().timers().armed_count() == 0);
}

TEST_CASE_FIXTURE(WorkerFixture,
                  "drain: an idle connection is closed without waiting for its peer") {
  auto kept = connect();
  auto frames = connect(Protocol::kFramedEcho);
  CHECK(exchange(kept, search("morpheus", kKeep)) == found(kKeepOk));
  CHECK(exchange(frames, {"\0\1x", 3}) == std::string("\0\1x", 3));
  worker->drain();
  settle();
  CHECK(drained == 0);
  pass(20ms);
  CHECK(drained == 1);
  for (auto* peer : {&kept, &frames}) {
    CHECK(peer->receive().empty());
    CHECK(peer->ended());
    CHECK(!peer->error());
  }
  CHECK(count(Counter::kDrained) == 2);
  CHECK(count(Counter::kCut) == 0);
}

TEST_CASE_FIXTURE(WorkerFixture, "drain: what a kept connection is about to ask is answered") {
  auto kept = connect();
  CHECK(exchange(kept, search("morpheus", kKeep)) == found(kKeepOk));
  worker->drain();
  settle();
  pass(10ms);
  CHECK(exchange(kept, search("morpheus", kKeep)) == found(kCloseOk));
  CHECK(kept.ended());
}

TEST_CASE_FIXTURE(WorkerFixture, "drain: a fresh connection has a moment to say its request") {
  auto fresh = connect();
  auto raw = connect(Protocol::kRawEcho);
  auto silent = connect();
  auto slow = connect();
  settle();
  worker->drain();
  settle();
  pass(900ms);
  CHECK(drained == 0);
  CHECK(exchange(fresh, search("morpheus", kKeep)) == found(kCloseOk));
  CHECK(fresh.ended());
  CHECK(exchange(raw, "hello") == "hello");
  CHECK(raw.receive().empty());
  CHECK(raw.ended());
  const std::string bytes = search("morpheus");
  CHECK(exchange(slow, bytes.substr(0, 10)).empty());
  CHECK(!silent.ended());
  pass(150ms);
  silent.receive();
  CHECK(silent.ended());
  CHECK(!silent.error());
  CHECK(exchange(slow, bytes.substr(10)) == found());  // what has begun may end
  fresh.leave();
  slow.leave();
  settle();
  CHECK(drained == 1);
}

TEST_CASE_FIXTURE(WorkerFixture, "drain: nobody who said nothing is told anything") {
  limits.drain_timeout = 10ms;
  auto fresh = connect();
  auto kept = connect();
  CHECK(exchange(kept, search("morpheus", kKeep)) == found(kKeepOk));
  worker->drain();
  settle();
  pass(15ms);
  pass(110ms);
  CHECK(drained == 1);
  for (auto* peer : {&fresh, &kept}) {
    CHECK(peer->receive().empty());
    CHECK(peer->ended());
  }
}

TEST_CASE_FIXTURE(WorkerFixture,
                  "drain: of several replies the last one says that it is the last") {
  auto peer = connect();
  const std::string bytes = search("morpheus", kKeep);
  CHECK(exchange(peer, bytes + bytes.substr(0, 50)) == found(kKeepOk));
  worker->drain();
  settle();
  pass(5s);
  CHECK(exchange(peer, bytes.substr(50) + bytes + bytes.substr(0, 50)) ==
        found(kKeepOk) + found(kKeepOk));
  CHECK(!peer.ended());
  CHECK(exchange(peer, bytes.substr(50)) == found(kCloseOk));
  CHECK(peer.ended());
}

TEST_CASE_FIXTURE(WorkerFixture, "drain: a reply that its peer still takes is not cut off") {
  auto peer = connect();
  const std::string value = "\"" + std::string(60'000, 'v') + "\"";
  peer.send(request(R"({"action": "echo", "value": )" + value + "}", kKeep));
  settle();
  worker->drain();
  std::string received;
  for (int i = 0; i < 65; ++i) {
    received += peer.receive(1000);
    pass(50ms);
    if (i > 10) peer.send("too late");  // would meet a reset if the server were gone
  }
  received += peer.receive();
  CHECK(received == reply("{\"result\": " + value + "}", kKeepOk).substr(0, received.size()));
  CHECK(received.size() > 60'000);
  CHECK(!peer.error());
}

TEST_CASE_FIXTURE(WorkerFixture, "drain: requests that had arrived are answered") {
  auto kept = connect();
  CHECK(exchange(kept, search("morpheus", kKeep)) == found(kKeepOk));
  // On a kept connection, on one in the backlog, and many of them.
  kept.send(search("morpheus", kKeep));
  auto waiting = connect();
  waiting.send(search("morpheus"));
  auto many = connect();
  std::string requests;
  std::string replies;
  const std::string_view ring = R"({"result": "In the caves beneath the Misty Mountains. 💍"})";
  while (requests.size() < 60'000) {
    requests += search("ring", kKeep);
    replies += reply(ring, kKeepOk);
  }
  requests += search("ring", kKeep);
  replies += reply(ring, kCloseOk);
  many.send(requests);
  worker->drain();
  settle();
  CHECK(kept.receive() == found(kCloseOk));
  CHECK(kept.ended());
  CHECK(waiting.receive() == found());
  CHECK(waiting.ended());
  std::string received;
  for (int i = 0; i < 100 && !many.ended(); ++i) {
    received += many.receive();
    settle();
  }
  CHECK(received == replies);
  CHECK(!many.error());
}

TEST_CASE_FIXTURE(WorkerFixture, "drain: nobody new is accepted") {
  auto peer = connect();
  peer.send("\x01");
  settle();
  worker->drain();
  auto refused = world.network().connect(doors.at(Protocol::kApp));
  CHECK(refused->connect_result() == std::errc::connection_refused);
}

TEST_CASE_FIXTURE(WorkerFixture, "drain: a message that has begun may still end") {
  auto peer = connect();
  const std::string bytes = search("morpheus", kKeep);
  CHECK(exchange(peer, bytes.substr(0, 100)).empty());
  worker->drain();
  settle();
  CHECK(!peer.ended());
  pass(limits.drain_timeout - 1s);
  CHECK(exchange(peer, bytes.substr(100)) == found(kCloseOk));
  CHECK(peer.ended());
  peer.leave();
  settle();
  CHECK(drained == 1);
}

TEST_CASE_FIXTURE(WorkerFixture, "drain: what is not done in time is told, then cut") {
  auto peer = connect();
  const std::string bytes = search("morpheus", kKeep);
  CHECK(exchange(peer, bytes.substr(0, bytes.size() - 1)).empty());
  auto frame = connect(Protocol::kFramedEcho);
  frame.send("\x01");
  settle();
  worker->drain();
  settle();
  pass(limits.drain_timeout - 1ms);
  CHECK(peer.receive().empty());
  pass(2ms);
  CHECK(peer.receive() == error_reply("the server is shutting down",
                                      R"(, "connection": "close", "status": "shutting_down")"));
  CHECK(peer.ended());
  CHECK(frame.receive().empty());
  CHECK(frame.ended());
  CHECK(drained == 0);
  pass(200ms);
  CHECK(drained == 1);
  CHECK(worker->session_count() == 0);
  CHECK(count(Counter::kCut) == 2);
}

TEST_CASE_FIXTURE(WorkerFixture, "drain: replies that wait for their peer do not make it spin") {
  limits.write_high_watermark = 1000;
  auto peer = connect();
  auto raw = connect(Protocol::kRawEcho);
  std::string requests;
  std::string replies;
  for (int i = 0; i < 800; ++i) {
    requests += search("morpheus", kKeep);
    replies += found(kKeepOk);
  }
  const std::string echo(200'000, 'e');
  std::string_view rest = requests;
  std::string_view raw_rest = echo;
  for (int i = 0; i < 10; ++i) {
    rest = peer.send_some(rest);
    raw_rest = raw.send_some(raw_rest);
    settle();
  }
  const std::size_t sent = echo.size() - raw_rest.size();
  worker->drain();
  settle();  // fails when the loop spins
  std::string received;
  std::size_t echoed = 0;
  for (int i = 0; i < 100; ++i) {
    rest = peer.send_some(rest);
    received += peer.receive();
    echoed += raw.receive().size();
    settle();
  }
  pass(300ms);
  (void)raw.receive();
  CHECK(received.size() >= 64 * 1024);
  const std::string last = found(kCloseOk);
  REQUIRE(received.ends_with(last));
  CHECK(replies.starts_with(received.substr(0, received.size() - last.size())));
  CHECK(echoed == sent);
  CHECK(peer.ended());
  CHECK(raw.ended());
}

TEST_CASE_FIXTURE(WorkerFixture, "drain: one that does not read is cut at the end of the time") {
  limits.write_high_watermark = 1000;
  auto raw = connect(Protocol::kRawEcho);
  std::string echo(200'000, 'e');
  std::string_view rest = echo;
  for (int i = 0; i < 10; ++i) {
    rest = raw.send_some(rest);
    settle();
  }
  worker->drain();
  settle();
  pass(limits.drain_timeout + 1ms);
  pass(200ms);
  CHECK(drained == 1);
  CHECK(count(Counter::kCut) == 1);
}

TEST_CASE_FIXTURE(WorkerFixture, "stop: ends all sessions at once") {
  auto a = connect();
  auto b = connect(Protocol::kRawEcho);
  a.send("\x01");
  settle();
  SUBCASE("out of the blue") {}
  SUBCASE("while draining") {
    worker->drain();
    settle();
  }
  worker->stop();
  settle();
  CHECK(drained == 1);
  CHECK(worker->session_count() == 0);
  CHECK(worker->loop().timers().armed_count() == 0);
}

// The budget ---------------------------------------------------------------------------------

TEST_CASE_FIXTURE(WorkerFixture,
                  "worker: with the memory used up, large requests are still served") {
  limits.max_buffered = 256 * 1024;
  std::vector<WirePeer> peers;
  const std::string value = "\"" + std::string(300'000, 'v') + "\"";
  const std::string bytes = request(R"({"action": "echo", "value": )" + value + "}");
  const std::string expected = reply("{\"result\": " + value + "}");
  std::vector<std::string_view> rest(4, bytes);
  std::vector<std::string> received(4);
  for (std::size_t i = 0; i < 4; ++i) peers.push_back(connect());
  for (int turn = 0; turn < 2000; ++turn) {
    for (std::size_t i = 0; i < 4; ++i) {
      rest[i] = peers[i].send_some(rest[i]);
      received[i] += peers[i].receive();
    }
    pass(1ms);
  }
  for (std::size_t i = 0; i < 4; ++i) CHECK(received[i] == expected);
  CHECK(count(Counter::kBudget) > 0);
}

}  // namespace
}  // namespace appd::servers
