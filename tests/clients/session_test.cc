#include <doctest/doctest.h>

#include "appd/clients/client_session.h"
#include "tests/clients/channel_fixture.h"

namespace appd::clients {
namespace {

using protocol::Protocol;
using testing::ChannelFixture;
using testing::FakePeer;
using testing::message;
using Texts = std::vector<std::string>;

ChannelOptions speaking(Protocol protocol, std::size_t depth = 1) {
  return {.session = {.protocol = protocol, .pipeline_depth = depth}};
}

// One app request, answered with `reply` and then closed.
ChannelFixture& answered_with(ChannelFixture& fixture) {
  fixture.open().submit("1");
  return fixture.finish();
}

struct OneReply {
  explicit OneReply(std::string bytes)
      : fixture([reply = std::move(bytes)](FakePeer& peer) {
          if (peer.take_message().empty()) return;
          peer.send(reply);
          peer.close();
        }) {
    answered_with(fixture);
  }
  ChannelFixture fixture;
};

void echo(FakePeer& peer) {
  peer.send(peer.received);
  peer.received.clear();
}

TEST_CASE("session: a reply that comes byte by byte is the same reply") {
  ChannelFixture fixture([](FakePeer& peer) {
    if (!peer.take_message().empty()) peer.drip(message(R"({"result": "a b"})", R"("x": 1)"));
  });
  fixture.open().submit("1");
  fixture.finish();
  CHECK(fixture.results() == Texts{R"("a b")"});
}

TEST_CASE("session: header fields of any order and case are understood") {
  std::string header =
      R"({"CONTENT-LENGTH": 13, "x": null, "Content-Encoding": "utf-8", "byteOrder": "big",)"
      R"( "content-Type": "text/json"})";
  const std::string prefix{'\0', static_cast<char>(header.size())};
  OneReply one(prefix + header + R"({"result": 7})");
  CHECK(one.fixture.results() == Texts{"7"});
  CHECK(one.fixture.replies[0].header == header);
}

TEST_CASE("session: a peer that closes too early broke the protocol, wherever the cut is") {
  const std::string whole = message(R"({"result": 1})");
  for (std::size_t cut = 0; cut < whole.size(); ++cut) {
    CAPTURE(cut);
    OneReply one(whole.substr(0, cut));
    CHECK(one.fixture.replies.empty());
    CHECK(one.fixture.failure() == ClientError::kProtocolBroken);
  }
}

TEST_CASE("session: what is no message broke the protocol") {
  const Texts wrong = {
      std::string("\0\2[]", 4),
      std::string("\0\2{}", 4),
      std::string("\0\1x", 3),
      "HTTP/1.1 400 Bad Request\r\n\r\n" + std::string(20'000, 'x'),
      message("not json"),
      message("\xff", "", "text/json"),
      message("{}", "", "text/json", "klingon"),
      message("{}", R"("status": 7)"),
  };
  for (const auto& bytes : wrong) {
    CAPTURE(bytes);
    OneReply one(bytes);
    CHECK(one.fixture.replies.empty());
    CHECK(one.fixture.failure() == ClientError::kProtocolBroken);
  }
}

TEST_CASE("session: a reply beyond the content limit broke the protocol, unread") {
  std::string reply = message("x");
  const auto at = reply.find("\"content-length\": 1");
  reply.replace(at, 19, "\"content-length\": 1048577");
  reply[1] = static_cast<char>(reply[1] + 6);
  OneReply one(reply);
  CHECK(one.fixture.failure() == ClientError::kProtocolBroken);
  CHECK(one.fixture.error->message.find("1048576") != std::string::npos);
}

TEST_CASE("session: a broken connection broke the protocol") {
  ChannelFixture fixture([](FakePeer& peer) { peer.reset(); });
  fixture.open().submit("1");
  fixture.finish();
  CHECK(fixture.failure() == ClientError::kProtocolBroken);
}

TEST_CASE("session: bytes that nobody asked for broke the protocol") {
  const std::string kept = message(R"({"result": 1})", testing::kKeptOk);
  ChannelFixture fixture([&](FakePeer& peer) {
    if (!peer.take_message().empty()) peer.send(kept + kept);
  });
  fixture.open().submit("1");
  fixture.finish();
  CHECK(fixture.replies.size() == 1);
  fixture.loop.run_once(reactor::Duration::zero());
  CHECK(fixture.failure() == ClientError::kProtocolBroken);
}

TEST_CASE("session: every echo protocol gives back what was sent, of any size") {
  for (const Protocol protocol :
       {Protocol::kRawEcho, Protocol::kFramedEcho, Protocol::kMessageEcho}) {
    CAPTURE(protocol);
    std::string value(3'000'000, 'a');
    for (std::size_t i = 0; i < value.size(); ++i) value[i] = static_cast<char>(i * 7 % 251);
    ChannelFixture fixture(echo);
    fixture.open(speaking(protocol)).submit(value);
    fixture.finish();
    REQUIRE(fixture.replies.size() == 1);
    CHECK(fixture.replies[0].content == value);
  }
}

TEST_CASE("session: echoes are pipelined and told apart") {
  for (const Protocol protocol :
       {Protocol::kRawEcho, Protocol::kFramedEcho, Protocol::kMessageEcho}) {
    CAPTURE(protocol);
    ChannelFixture fixture(echo);
    fixture.open(speaking(protocol, 8));
    for (const char* value : {"a", "bc", "d"}) fixture.submit(value);
    fixture.finish();
    CHECK(fixture.results() == Texts{"a", "bc", "d"});
    CHECK(fixture.server.accepted() == 1);
  }
}

TEST_CASE("session: an echo that differs broke the protocol, and the place is told") {
  ChannelFixture fixture([](FakePeer& peer) {
    peer.received[3] = 'X';
    echo(peer);
  });
  fixture.open(speaking(Protocol::kRawEcho)).submit("abcdef");
  fixture.finish();
  CHECK(fixture.failure() == ClientError::kProtocolBroken);
  CHECK(fixture.error->message.find("at byte 3") != std::string::npos);
}

TEST_CASE("session: a message echo's changed content broke the protocol") {
  ChannelFixture fixture([](FakePeer& peer) {
    peer.received.back() = 'X';
    echo(peer);
  });
  fixture.open(speaking(Protocol::kMessageEcho)).submit("abcdef");
  fixture.finish();
  CHECK(fixture.failure() == ClientError::kProtocolBroken);
}

TEST_CASE("session: an error message instead of an echo is the server's error") {
  const std::string error = message(R"({"result": "Error: too busy"})",
                                    R"("connection": "close", "status": "overloaded")");
  ChannelFixture fixture([&](FakePeer& peer) { peer.drip(error); });
  fixture.open(speaking(Protocol::kMessageEcho)).submit("abcdef");
  fixture.finish();
  REQUIRE(fixture.replies.size() == 1);
  CHECK(fixture.replies[0].status == "overloaded");
}

TEST_CASE("session: a message echo that closes after each message is connected to again") {
  ChannelFixture fixture([](FakePeer& peer) {
    const std::string one = peer.take_message();
    if (one.empty()) return;
    peer.send(one);
    peer.close();
  });
  fixture.open(speaking(Protocol::kMessageEcho, 4));
  fixture.submit("a");
  fixture.submit("b");
  fixture.finish();
  CHECK(fixture.results() == Texts{"a", "b"});
  CHECK(fixture.server.accepted() == 2);
}

}  // namespace
}  // namespace appd::clients
