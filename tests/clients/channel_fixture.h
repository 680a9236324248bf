// A channel and a fake server on one loop of a calm simulated world, where time costs nothing.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "appd/clients/channel.h"
#include "tests/clients/fake_server.h"
#include "tests/support/calm_world.h"

namespace appd::testing {

class ChannelFixture : public clients::ChannelDelegate {
 public:
  explicit ChannelFixture(FakeServer::Behaviour behaviour, FakeServer::Behaviour on_accept = {})
      : loop(world.backend()), server(loop, std::move(behaviour), std::move(on_accept)) {}

  ChannelFixture& open(clients::ChannelOptions options = {}) {
    options.server = "the server";
    channel.emplace(loop, context, std::vector{server.endpoint()}, options, *this);
    protocol_ = options.session.protocol;
    return *this;
  }
  // Sends an echo of `value`, or of bytes where the protocol is an echo.
  void submit(const std::string& value, bool keep_alive = true) {
    clients::Request request;
    request.content = protocol_ == protocol::Protocol::kApp
                          ? R"({"action": "echo", "value": )" + value + '}'
                          : value;
    request.keep_alive = keep_alive;
    channel->submit(clients::encode_request(std::move(request), protocol_).value());
  }
  // Turns until every request has its reply, or the channel failed.
  ChannelFixture& finish() {
    while (channel->unanswered() > 0) loop.run_once();
    return *this;
  }

  [[nodiscard]] std::vector<std::string> results() const {
    std::vector<std::string> all;
    for (const auto& reply : replies) all.push_back(reply.is_json() ? reply.result : reply.content);
    return all;
  }
  [[nodiscard]] clients::ClientError failure() const {
    return clients::client_error_of(error.value());
  }

  CalmWorld world;
  clients::SessionContext context{1024 * 1024};
  reactor::EventLoop loop;
  FakeServer server;
  std::optional<clients::Channel> channel;
  std::vector<clients::Reply> replies;
  std::optional<reactor::Error> error;
  std::vector<std::string> events;

 private:
  void on_reply(clients::Reply reply) override {
    events.emplace_back("reply");
    replies.push_back(std::move(reply));
  }
  void on_failed(reactor::Error what, std::size_t /*sent*/) override { error = std::move(what); }
  void on_opened() override { events.emplace_back("opened"); }
  void on_connecting() override { events.emplace_back("connecting"); }
  void on_sending(const clients::WireRequest&) override { events.emplace_back("sending"); }
  void on_closing() override { events.emplace_back("closing"); }

  protocol::Protocol protocol_ = protocol::Protocol::kApp;
};

inline constexpr std::string_view kKeptOk = R"("connection": "keep-alive", "status": "ok")";

}  // namespace appd::testing
