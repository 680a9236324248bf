#include "appd/clients/channel.h"

#include <doctest/doctest.h>

#include "tests/clients/channel_fixture.h"

namespace appd::clients {
namespace {

using testing::ChannelFixture;
using testing::FakePeer;
using testing::kKeptOk;
using testing::message;
using Texts = std::vector<std::string>;

// Answers each message with its number on the connection, as a server that keeps alive.
void count_and_keep(FakePeer& peer) {
  static int count = 0;
  while (!peer.take_message().empty()) {
    peer.send(message(R"({"result": )" + std::to_string(count++) + '}', kKeptOk));
  }
}

// As the tutorial's server: one reply, then the end.
void answer_and_close(FakePeer& peer) {
  if (peer.take_message().empty()) return;
  peer.send(message(R"({"result": )" + std::to_string(peer.number) + '}'));
  peer.close();
}

TEST_CASE("channel: replies come in the order of the requests over one kept connection") {
  int answered = 0;
  ChannelFixture fixture([&](FakePeer& peer) {
    while (!peer.take_message().empty()) {
      peer.send(message(R"({"result": )" + std::to_string(answered++) + '}', kKeptOk));
    }
  });
  fixture.open({.session = {.pipeline_depth = 4}});
  for (int i = 0; i < 6; ++i) fixture.submit("1");
  fixture.finish();
  CHECK(fixture.results() == Texts{"0", "1", "2", "3", "4", "5"});
  CHECK(fixture.server.accepted() == 1);
}

TEST_CASE("channel: a server that closes after each reply is connected to again") {
  ChannelFixture fixture(answer_and_close);
  fixture.open({.session = {.pipeline_depth = 4}});
  for (int i = 0; i < 3; ++i) fixture.submit("1");
  fixture.finish();
  CHECK(fixture.results() == Texts{"0", "1", "2"});
  CHECK(fixture.server.accepted() == 3);
}

TEST_CASE("channel: nothing is pipelined before the server has kept the connection") {
  std::size_t first_arrival = 0;
  ChannelFixture fixture([&](FakePeer& peer) {
    if (first_arrival == 0) first_arrival = peer.received.size();
    count_and_keep(peer);
  });
  fixture.open({.session = {.pipeline_depth = 8}});
  fixture.submit("1");
  fixture.submit("1");
  fixture.finish();
  const std::string one =
      message(R"({"action": "echo", "value": 1})", R"("connection": "keep-alive")");
  CHECK(first_arrival == one.size());
}

TEST_CASE("channel: requests behind a reply that announced the close are sent again") {
  ChannelFixture fixture([](FakePeer& peer) {
    while (!peer.take_message().empty()) {
      static int total = 0;
      const bool last = ++total == 2;
      peer.send(
          message(R"({"result": 1})", last ? R"("connection": "close", "status": "ok")" : kKeptOk));
      if (last) {
        peer.close();
        return;
      }
    }
  });
  fixture.open({.session = {.pipeline_depth = 8}});
  for (int i = 0; i < 5; ++i) fixture.submit("1");
  fixture.finish();
  CHECK(fixture.replies.size() == 5);
  CHECK(fixture.server.accepted() == 2);
}

TEST_CASE("channel: requests behind one that a draining server cut off may have been carried out") {
  int answered = 0;
  ChannelFixture fixture([&](FakePeer& peer) {
    while (!peer.take_message().empty()) {
      if (answered++ == 1) {
        peer.send(message(R"({"result": "Error: the server is shutting down"})",
                          R"("connection": "close", "status": "shutting_down")"));
        peer.close();
        return;
      }
      peer.send(message(R"({"result": 1})", kKeptOk));
    }
  });
  fixture.open({.session = {.pipeline_depth = 8}});
  for (int i = 0; i < 4; ++i) fixture.submit("1");
  while (!fixture.error) fixture.loop.run_once();
  CHECK(fixture.replies.size() == 2);
  CHECK(fixture.failure() == ClientError::kProtocolBroken);
  CHECK(fixture.error->message == "the server ended before it had answered");
  CHECK(fixture.server.accepted() == 1);  // nothing was sent again
}

TEST_CASE("channel: a trace tells connecting, sending, reply and closing in their order") {
  ChannelFixture fixture(answer_and_close);
  fixture.open().submit("1", false);
  fixture.finish();
  fixture.channel->close();
  CHECK(fixture.events == Texts{"connecting", "sending", "reply", "closing"});
}

TEST_CASE("channel: nobody listening is kCannotConnect") {
  ChannelFixture fixture(answer_and_close);
  const auto nobody = reactor::Endpoint::ip("127.0.0.1", 1).value();
  fixture.channel.emplace(fixture.loop, fixture.context, std::vector{nobody},
                          ChannelOptions{.server = "app://127.0.0.1:1"}, fixture);
  fixture.submit("1");
  fixture.finish();
  CHECK(fixture.failure() == ClientError::kCannotConnect);
  CHECK(fixture.error->message.find("app://127.0.0.1:1") != std::string::npos);
}

TEST_CASE("channel: the addresses of a server are tried in turn") {
  ChannelFixture fixture(answer_and_close);
  const std::vector endpoints{reactor::Endpoint::ip("127.0.0.1", 1).value(),
                              fixture.server.endpoint()};
  fixture.channel.emplace(fixture.loop, fixture.context, endpoints, ChannelOptions{}, fixture);
  fixture.submit("1");
  fixture.finish();
  CHECK(fixture.results() == Texts{"0"});
}

TEST_CASE("channel: a server that says nothing is kTimeout, exactly when asked") {
  ChannelFixture fixture([](FakePeer&) {});
  fixture.open({.reply_timeout = std::chrono::seconds(7)});
  const auto begin = fixture.loop.now();
  fixture.submit("1");
  fixture.finish();
  CHECK(fixture.failure() == ClientError::kTimeout);
  CHECK(fixture.loop.now() - begin == std::chrono::seconds(7));
  CHECK(fixture.error->message.find("7 s") != std::string::npos);
}

TEST_CASE("channel: a reply that drips does not move its deadline") {
  ChannelFixture fixture([](FakePeer& peer) {
    if (!peer.take_message().empty()) peer.drip(message(R"({"result": 1})"));
  });
  fixture.open({.reply_timeout = std::chrono::microseconds(40)}).submit("1");
  fixture.finish();
  CHECK(fixture.failure() == ClientError::kTimeout);
}

TEST_CASE("channel: a failed one begins anew with the next request") {
  ChannelFixture fixture([](FakePeer& peer) {
    if (peer.number == 0) {
      peer.close();
    } else {
      answer_and_close(peer);
    }
  });
  fixture.open().submit("1");
  fixture.finish();
  CHECK(fixture.failure() == ClientError::kProtocolBroken);
  fixture.submit("1");
  fixture.finish();
  CHECK(fixture.results() == Texts{"1"});
}

TEST_CASE("channel: an error sent before the first request arrived is its reply") {
  const std::string overloaded = message(R"({"result": "Error: overloaded"})",
                                         R"("connection": "close", "status": "overloaded")");
  ChannelFixture fixture([](FakePeer&) {},
                         [&](FakePeer& peer) {
                           peer.send(overloaded);
                           peer.close();
                         });
  fixture.open().submit("1");
  fixture.finish();
  REQUIRE(fixture.replies.size() == 1);
  CHECK(fixture.replies[0].status == "overloaded");
  CHECK(fixture.replies[0].is_error);
}

TEST_CASE("channel: a connection that the server closed while idle is replaced") {
  FakePeer* kept = nullptr;
  ChannelFixture fixture([&](FakePeer& peer) {
    kept = &peer;
    count_and_keep(peer);
  });
  fixture.open().submit("1");
  fixture.finish();
  kept->close();
  fixture.loop.run_once(reactor::Duration::zero());
  fixture.submit("1");
  fixture.finish();
  CHECK(fixture.replies.size() == 2);
  CHECK(fixture.server.accepted() == 2);
}

TEST_CASE("channel: open connects before there is a request") {
  ChannelFixture fixture(answer_and_close);
  fixture.open();
  fixture.channel->open();
  while (fixture.events != Texts{"connecting", "opened"}) fixture.loop.run_once();
  fixture.submit("1");
  fixture.finish();
  CHECK(fixture.server.accepted() == 1);
}

}  // namespace
}  // namespace appd::clients
