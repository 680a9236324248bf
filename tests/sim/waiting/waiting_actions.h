// The actions of a waiting world, which do what their call's plan says, and what they wait for: a
// pool without threads, and another server that exists only as its answers.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "appd/handlers/registry.h"
#include "appd/handlers/waiting/coroutine_handler.h"
#include "appd/servers/worker.h"
#include "tests/sim/waiting/waiting_probe.h"

namespace appd::testing {

// Runs each job some time later, on the only thread there is.
class LaterPool final : public reactor::JobRunner {
 public:
  // `limit`: jobs that wait at most.
  LaterPool(reactor::sim::World& world, WaitingProbe& probe, reactor::Duration delay,
            std::size_t limit)
      : world_(world), probe_(probe), delay_(delay), limit_(limit) {}

  bool submit(std::unique_ptr<reactor::Job> job) override;
  // The next job runs then.
  void expect(reactor::TimePoint due) { due_ = due; }

 private:
  reactor::sim::World& world_;
  WaitingProbe& probe_;
  const reactor::Duration delay_;
  const std::size_t limit_;
  std::size_t queued_ = 0;
  std::optional<reactor::TimePoint> due_;
};

class WaitingActions {
 public:
  using Result = handlers::Result<void>;

  WaitingActions(reactor::sim::World& world, WaitingPlans& plans, WaitingProbe& probe,
                 LaterPool& pool)
      : world_(world), plans_(plans), probe_(probe), pool_(pool) {}

  // The actions live as long as the registry; this must outlive it.
  [[nodiscard]] std::shared_ptr<const handlers::Registry> registry();
  [[nodiscard]] std::unique_ptr<handlers::OutgoingCalls> outgoing(reactor::EventLoop& loop);

 private:
  class OtherServer;
  struct Held;

  void add(handlers::Registry& registry, const handlers::Action& action);
  [[nodiscard]] handlers::Task<handlers::Result<handlers::Reply>> steps(
      handlers::OwnedRequest request, handlers::CallContext context);
  // One step, until it is over.
  [[nodiscard]] handlers::Task<Result> step(WatchedCall& call, std::size_t number,
                                            handlers::CallContext context);
  [[nodiscard]] handlers::Task<Result> sleep(WatchedCall& call, handlers::CallContext context,
                                             reactor::TimePoint due, std::uint64_t depth);
  [[nodiscard]] handlers::Task<Result> act(WatchedCall& call, const CallPlan::Step& step,
                                           handlers::CallContext context);
  [[nodiscard]] handlers::Task<Result> ask(WatchedCall& call, handlers::CallContext context,
                                           reactor::TimePoint due);
  [[nodiscard]] handlers::Task<Result> offload(WatchedCall& call, handlers::CallContext context,
                                               reactor::TimePoint due);
  void hold(const handlers::Request& request, const handlers::CallContext& context,
            handlers::Responder responder);
  void answer(Held& held);
  [[nodiscard]] Result check(const handlers::Result<handlers::CallReply>& reply,
                             std::uint64_t number);

  reactor::sim::World& world_;
  WaitingPlans& plans_;
  WaitingProbe& probe_;
  LaterPool& pool_;
  reactor::EventLoop* loop_ = nullptr;  // set with outgoing()
  reactor::TimePoint other_server_due_{};
};

}  // namespace appd::testing
