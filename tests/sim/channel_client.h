// An honest client made of the project's own client classes, with a loop and a host of its own: one
// call after the other, each reply compared with what arithmetic says.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "appd/clients/channel.h"
#include "appd/reactor/sim/poller.h"

namespace appd::testing {

class ChannelClient final : private clients::ChannelDelegate {
 public:
  struct Plan {
    std::string address;
    std::uint64_t number = 0;  // in every value, so that replies of others show
    reactor::Endpoint server;
    protocol::Protocol protocol = protocol::Protocol::kApp;
    std::uint64_t calls = 5;
    bool keep_alive = true;
    std::size_t pipeline_depth = 1;
    reactor::TimePoint begin{};
  };

  ChannelClient(reactor::sim::World& world, Plan plan);
  ~ChannelClient();

  [[nodiscard]] bool done() const { return done_; }
  [[nodiscard]] std::uint64_t replies() const { return replies_; }
  // From now on a failure proves nothing: the server drains, or holds more connections than it
  // takes.
  void excuse() { excused_ = true; }

 private:
  void on_reply(clients::Reply reply) override;
  void on_failed(clients::Error error, std::size_t /*sent*/) override;
  void submit_later();
  void submit_some();
  [[nodiscard]] clients::Request request(std::uint64_t index) const;
  [[nodiscard]] std::string expected(std::uint64_t index) const;
  void violate(const std::string& what);

  reactor::sim::World& world_;
  const Plan plan_;
  reactor::sim::Host host_;
  clients::SessionContext context_;
  reactor::sim::SimPoller* poller_ = nullptr;  // the loop's
  reactor::EventLoop loop_;
  reactor::sim::LoopActor actor_;
  clients::Channel channel_;
  std::uint64_t submitted_ = 0;
  std::uint64_t replies_ = 0;
  bool done_ = false;
  bool excused_ = false;
};

}  // namespace appd::testing
