// A loop full of registrations that come and go within each other's callbacks, over descriptors
// whose numbers come back at once. Each event must be for the one that gets it: what the poller
// reported was this descriptor, as long as it was this owner's.
#pragma once

#include <memory>
#include <vector>

#include "appd/reactor/sim/poller.h"

namespace appd::testing {

class Churn {
 public:
  // Ends by itself, after some hundred events.
  explicit Churn(reactor::sim::World& world);
  ~Churn();

  [[nodiscard]] bool done() const;

 private:
  class Sink;
  friend class Sink;

  void open_pair();
  void stir();
  void on_event(Sink& sink);

  reactor::sim::World& world_;
  reactor::sim::Host host_;
  reactor::sim::SimPoller* poller_ = nullptr;  // the loop's
  reactor::EventLoop loop_;
  reactor::sim::LoopActor actor_;
  std::vector<std::unique_ptr<Sink>> sinks_;
  std::vector<std::unique_ptr<Sink>> removed_;  // within a callback
  std::uint64_t events_ = 0;
};

}  // namespace appd::testing
