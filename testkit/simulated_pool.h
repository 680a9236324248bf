// A worker pool in the world's time: work that blocks takes as long as the test says, on the only
// thread there is, and the same seed gives the same run.
#pragma once

#include <cstddef>
#include <memory>

#include "appd/reactor/sim/world.h"
#include "appd/reactor/threads/job_runner.h"

namespace appd::test {

class SimulatedPool final : public reactor::JobRunner {
 public:
  // So many jobs at a time; `queue_limit` wait for them at most.
  SimulatedPool(reactor::sim::World& world, std::size_t threads, std::size_t queue_limit);
  // What has not run by then never will.
  ~SimulatedPool();

  // Of each job that begins from now on; it runs at the end of it.
  void set_job_time(reactor::Duration time);

  // Jobs that run or wait.
  [[nodiscard]] std::size_t jobs() const;

  [[nodiscard]] bool submit(std::unique_ptr<reactor::Job> job) override;

 private:
  struct State;
  static void begin(const std::shared_ptr<State>& state, std::unique_ptr<reactor::Job> job);

  std::shared_ptr<State> state_;  // with the world's events
};

}  // namespace appd::test
