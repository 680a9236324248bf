// Every limit of a server (docs/protocol.md, limits) in a world without misfortunes: what happens
// at it, and the counter that tells.
#include <doctest/doctest.h>

#include "tests/sim/simulation.h"

namespace appd::testing {
namespace {

using protocol::Protocol;
using reactor::sim::Wire;
using servers::Counter;
using namespace std::chrono_literals;

// A server with `limits`, and peers that a test adds.
struct LimitWorld {
  explicit LimitWorld(const servers::Limits& limits) : served(world, limits, 1, 4096) {}

  ScriptedPeer& add(Conversation talk, reactor::Duration begin = 0ms,
                    const std::string& address = "10.1.0.1") {
    const auto server = SimulatedServer::endpoint(talk.protocol);
    peers.push_back(std::make_unique<ScriptedPeer>(world, address, peers.size(), server,
                                                   std::move(talk), world.now() + begin));
    return *peers.back();
  }
  void run_for(reactor::Duration time) {
    const auto end = world.now() + time;
    bool over = false;
    world.at(end, [&over] { over = true; });
    while (!over && world.step() && !world.violation()) {
      for (const auto& peer : peers) peer->check_lifetime();
      if (served.drain_begun()) (void)served.drained();
    }
    CHECK(world.violation().value_or("") == "");
  }
  void drain() {
    for (auto& peer : peers) peer->note_drain(world.now() + limits().drain_timeout);
    served.drain();
  }
  [[nodiscard]] std::uint64_t count(Counter counter) { return served.server().count(counter); }
  [[nodiscard]] static servers::Limits limits() {
    servers::Limits limits;
    limits.max_connections = 1000;
    return limits;
  }

  reactor::sim::World world{1};
  SimulatedServer served;
  std::vector<std::unique_ptr<ScriptedPeer>> peers;
};

// Sends `bytes`, is owed `replies`, and waits for the server's end.
Conversation says(Protocol protocol, std::string bytes, std::vector<Expected> replies) {
  Conversation talk;
  talk.protocol = protocol;
  talk.kind = "test";
  talk.bytes = std::move(bytes);
  for (std::size_t i = 0; i < replies.size(); ++i) talk.request_ends.push_back(talk.bytes.size());
  talk.replies = std::move(replies);
  return talk;
}

std::string kept_echo(const std::string& content) {
  return wire_message("application/octet-stream", "binary", content,
                      R"(, "connection": "keep-alive", "action": "echo")");
}

Expected echo_reply(const std::string& content) {
  return {wire_message("application/octet-stream", "binary", content,
                       R"(, "connection": "keep-alive", "status": "ok")"),
          {}};
}

TEST_CASE("limits: a header that is not complete in time is answered with timeout") {
  LimitWorld w(LimitWorld::limits());
  auto talk = says(Protocol::kApp, std::string("\x02\x00 ", 3), {{{}, "timeout"}});
  talk.must_end_within = 16s;
  auto& peer = w.add(talk);
  w.run_for(9s);
  CHECK_FALSE(peer.done());
  w.run_for(2s);
  CHECK(peer.replies() == 1);
  CHECK(peer.ended_in_order());
  CHECK(w.count(Counter::kHeaderTimeout) == 1);
}

TEST_CASE("limits: a connection that says nothing at all is answered with timeout, too") {
  LimitWorld w(LimitWorld::limits());
  auto& peer = w.add(says(Protocol::kApp, "", {{{}, "timeout"}}));
  w.run_for(11s);
  CHECK(peer.last_status() == "timeout");
  CHECK(w.count(Counter::kHeaderTimeout) == 1);
}

TEST_CASE("limits: a content that is not complete in time is answered with timeout") {
  LimitWorld w(LimitWorld::limits());
  const std::string whole = kept_echo(std::string(1000, 'x'));
  auto& peer = w.add(says(Protocol::kApp, whole.substr(0, whole.size() - 1), {{{}, "timeout"}}));
  w.run_for(29s);
  CHECK_FALSE(peer.done());
  w.run_for(2s);
  CHECK(peer.last_status() == "timeout");
  CHECK(peer.ended_in_order());
  CHECK(w.count(Counter::kRequestTimeout) == 1);
}

TEST_CASE("limits: between messages a connection is closed when it is idle for too long") {
  LimitWorld w(LimitWorld::limits());
  auto& peer = w.add(says(Protocol::kApp, kept_echo("a"), {echo_reply("a")}));
  w.run_for(59s);
  CHECK_FALSE(peer.done());
  w.run_for(2s);
  CHECK(peer.ended_in_order());
  CHECK(w.count(Counter::kIdleTimeout) == 1);
}

TEST_CASE("limits: a peer that never reads is closed by the write time-out") {
  LimitWorld w(LimitWorld::limits());
  std::string bytes;
  while (bytes.size() < 4'000'000) bytes += kept_echo(std::string(10'000, 'x'));
  auto talk = says(Protocol::kApp, bytes, {});
  talk.honest = false;
  talk.reading = Conversation::Reading::kNever;
  talk.must_end_within = 40s;
  w.add(talk);
  w.run_for(29s);
  CHECK(w.served.sessions() == 1);
  CHECK(w.count(Counter::kWatermark) == 1);
  // Its unsent replies, and no more than one read beyond the watermark.
  CHECK(w.served.server().buffered_bytes() < 3 * w.limits().write_high_watermark);
  w.run_for(12s);
  CHECK(w.served.sessions() == 0);
  CHECK(w.count(Counter::kWriteTimeout) == 1);
}

TEST_CASE("limits: a session above the watermark goes on when its peer reads") {
  servers::Limits limits = LimitWorld::limits();
  limits.write_high_watermark = 16 * 1024;
  LimitWorld w(limits);
  std::string bytes;
  std::vector<Expected> replies;
  for (int i = 0; i < 100; ++i) {
    bytes += kept_echo(std::string(5'000, static_cast<char>('a' + i % 26)));
    replies.push_back(echo_reply(std::string(5'000, static_cast<char>('a' + i % 26))));
  }
  auto talk = says(Protocol::kApp, bytes, replies);
  talk.end = Conversation::End::kHalfClose;
  talk.reading = Conversation::Reading::kSlowly;
  auto& peer = w.add(talk);
  w.run_for(30s);
  CHECK(peer.replies() == 100);
  CHECK(peer.ended_in_order());
  CHECK(w.count(Counter::kWatermark) > 0);
}

TEST_CASE("limits: too large a content is answered at once, unread, and never with a reset") {
  servers::Limits limits = LimitWorld::limits();
  limits.max_content = 1000;
  LimitWorld w(limits);
  auto& peer = w.add(
      says(Protocol::kApp, kept_echo(std::string(500'000, 'x')), {{{}, "content_too_large"}}));
  w.run_for(1s);
  CHECK(peer.last_status() == "content_too_large");
  CHECK(peer.ended_in_order());
  CHECK(w.count(Counter::kContentTooLarge) == 1);
}

TEST_CASE("limits: an error reaches a peer that reads only behind all it sends") {
  LimitWorld w(LimitWorld::limits());
  auto talk = says(Protocol::kApp, std::string("\x00\x02no", 4) + std::string(400'000, 'x'),
                   {{{}, "bad_header"}});
  talk.reading = Conversation::Reading::kBehindSending;
  auto& peer = w.add(talk);
  w.run_for(3s);
  CHECK(peer.last_status() == "bad_header");
  CHECK(peer.ended_in_order());
}

TEST_CASE("limits: above max-connections nobody is accepted until one ends") {
  servers::Limits limits = LimitWorld::limits();
  limits.max_connections = 2;
  LimitWorld w(limits);
  for (int i = 0; i < 2; ++i) w.add(says(Protocol::kApp, kept_echo("a"), {echo_reply("a")}));
  auto talk = says(Protocol::kApp, kept_echo("b"), {echo_reply("b")});
  talk.end = Conversation::End::kHalfClose;
  auto& third = w.add(talk, 1s);
  w.run_for(50s);
  CHECK(w.served.sessions() == 2);
  CHECK(third.replies() == 0);
  CHECK(w.count(Counter::kConnectionLimit) > 0);
  w.run_for(15s);
  CHECK(third.replies() == 1);
}

TEST_CASE("limits: above max-connections-per-peer that peer is overloaded, another one is not") {
  servers::Limits limits = LimitWorld::limits();
  limits.max_connections_per_peer = 1;
  LimitWorld w(limits);
  w.add(says(Protocol::kApp, kept_echo("a"), {echo_reply("a")}));
  auto& second = w.add(says(Protocol::kApp, kept_echo("b"), {{{}, "overloaded"}}), 1s);
  auto& other = w.add(says(Protocol::kApp, kept_echo("c"), {echo_reply("c")}), 1s, "10.1.0.2");
  w.run_for(3s);
  CHECK(second.last_status() == "overloaded");
  CHECK(second.ended_in_order());
  CHECK(other.replies() == 1);
  CHECK(w.count(Counter::kPeerLimit) == 1);
}

TEST_CASE("limits: above max-buffered reading stops, and nothing is lost") {
  servers::Limits limits = LimitWorld::limits();
  limits.max_buffered = 1024 * 1024;
  LimitWorld w(limits);
  std::vector<ScriptedPeer*> peers;
  for (char c = 'a'; c < 'a' + 8; ++c) {
    const std::string content(600'000, c);
    auto talk = says(Protocol::kApp, kept_echo(content), {echo_reply(content)});
    talk.end = Conversation::End::kHalfClose;
    talk.piece_bytes = 20'000;
    talk.gap = 20ms;
    peers.push_back(&w.add(talk));
  }
  std::size_t most = 0;
  for (int i = 0; i < 2500; ++i) {
    w.run_for(10ms);
    most = std::max(most, w.served.server().buffered_bytes());
  }
  for (const auto* peer : peers) CHECK(peer->replies() == 1);
  CHECK(w.count(Counter::kBudget) > 0);
  // The limit, one message with its reply, and a read and a trusted length for each.
  CHECK(most < limits.max_buffered + 2 * 600'000 +
                   8 * (reactor::EventLoop::kReadBufferBytes + 128 * 1024));
}

TEST_CASE("limits: a drain answers what has arrived, in the backlog too, and ends") {
  LimitWorld w(LimitWorld::limits());
  std::vector<ScriptedPeer*> peers;
  for (char c = 'a'; c < 'a' + 20; ++c) {
    const std::string content(20'000, c);
    auto talk = says(Protocol::kApp, kept_echo(content) + kept_echo(content),
                     {echo_reply(content), echo_reply(content)});
    talk.request_ends = {talk.bytes.size() / 2, talk.bytes.size()};
    peers.push_back(&w.add(talk, std::chrono::microseconds(100 * (c - 'a'))));
  }
  w.run_for(2ms);
  w.drain();
  w.run_for(2s);  // each peer checks that it gets what it is owed
  CHECK(w.served.sessions() == 0);
  CHECK(w.served.host().open_descriptors() == 0);
  CHECK(w.served.drained());
  for (const auto* peer : peers) CHECK(peer->done());
}

TEST_CASE("limits: the drain time-out ends those who never come to an end") {
  LimitWorld w(LimitWorld::limits());
  const std::string whole = kept_echo("abc");
  auto& peer =
      w.add(says(Protocol::kApp, whole.substr(0, whole.size() - 1), {{{}, "shutting_down"}}));
  w.run_for(1s);
  w.drain();
  w.run_for(9s);
  CHECK(w.served.sessions() == 1);
  w.run_for(2s);
  CHECK(peer.last_status() == "shutting_down");
  CHECK(w.served.sessions() == 0);
  CHECK(w.served.host().open_descriptors() == 0);
  CHECK(w.served.drained());
}

TEST_CASE("limits: without descriptors the server waits, and takes the connection afterwards") {
  reactor::sim::World world(1);
  world.faults.descriptors_exhausted = 1'000'000;
  SimulatedServer served(world, LimitWorld::limits(), 1, 4096);
  auto talk = says(Protocol::kApp, kept_echo("a"), {echo_reply("a")});
  ScriptedPeer peer(world, "10.1.0.1", 1, SimulatedServer::endpoint(Protocol::kApp), talk,
                    world.now());
  bool over = false;
  world.after(5s, [&] { world.faults.descriptors_exhausted = 0; });
  world.after(10s, [&over] { over = true; });
  while (!over && world.step()) {
  }
  CHECK(world.violation().value_or("") == "");
  CHECK(peer.replies() == 1);
  CHECK(served.server().count(Counter::kAcceptExhausted) > 5);
  CHECK(served.server().count(Counter::kAcceptExhausted) < 60);
}

}  // namespace
}  // namespace appd::testing
