// A load and its server on one loop of a calm simulated world, where time moves only when everybody
// waits.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "appd/clients/load/load_run.h"
#include "tests/clients/fake_server.h"
#include "tests/support/calm_world.h"

namespace appd::testing {

inline const std::string kLoadRequest =
    message(R"({"action": "echo", "value": 1})", R"("connection": "keep-alive")");
inline const std::string kLoadReply =
    message(R"({"result": 1})", R"("connection": "keep-alive", "status": "ok")");

class LoadFixture : public clients::LoadObserver {
 public:
  explicit LoadFixture(FakeServer::Behaviour behaviour)
      : loop(world.backend()), server(loop, std::move(behaviour)) {
    plan.endpoints = {server.endpoint()};
    plan.request = kLoadRequest;
    plan.reply = kLoadReply;
    plan.duration = std::chrono::seconds(1);
    plan.spin = reactor::Duration::zero();  // nobody else would move the clock
  }

  clients::LoadResult run() {
    auto result = clients::LoadRun(loop, plan, *this).run();
    REQUIRE_MESSAGE(result, result.error().message);
    return std::move(*result);
  }
  [[nodiscard]] reactor::TimePoint now() { return world.now(); }

  void on_window_begin() override { window_begin = now(); }
  void on_window_end() override { window_end = now(); }

  CalmWorld world;
  reactor::EventLoop loop;
  FakeServer server;
  clients::LoadPlan plan;
  reactor::TimePoint window_begin{};
  reactor::TimePoint window_end{};
};

// Answers every request with `reply`, the moment it comes.
inline FakeServer::Behaviour answering(std::string reply = kLoadReply) {
  return [reply = std::move(reply)](FakePeer& peer) {
    while (!peer.take_message().empty()) peer.send(reply);
  };
}

// Answers each request so much later than it came, or when it is no longer stopped.
class SlowServer {
 public:
  explicit SlowServer(CalmWorld& world, reactor::EventLoop& loop, reactor::Duration delay)
      : delay_(delay),
        world_(world),
        timer_(reactor::Timer::calling<&SlowServer::on_timer>(loop.timers(), *this)) {}

  // What comes from `from` on is not even looked at before `to`.
  void stop_between(reactor::TimePoint from, reactor::TimePoint to) {
    stopped_from_ = from;
    stopped_to_ = to;
  }
  void on_request(FakePeer& peer) {
    while (!peer.take_message().empty()) {
      const reactor::TimePoint now = world_.now();
      const bool stopped = now >= stopped_from_ && now < stopped_to_;
      pending_.push_back({(stopped ? stopped_to_ : now) + delay_, &peer});
    }
    arm();
  }

 private:
  struct Pending {
    reactor::TimePoint at;
    FakePeer* peer;
  };
  void arm() {
    if (!pending_.empty() && !timer_.armed()) timer_.arm(pending_.front().at);
  }
  void on_timer() {
    while (!pending_.empty() && pending_.front().at <= world_.now()) {
      pending_.front().peer->send(kLoadReply);
      pending_.pop_front();
    }
    arm();
  }

  const reactor::Duration delay_;
  CalmWorld& world_;
  reactor::TimePoint stopped_from_{};
  reactor::TimePoint stopped_to_{};
  std::deque<Pending> pending_;
  reactor::Timer timer_;
};

}  // namespace appd::testing
