#include "appd/testkit/simulated_pool.h"

#include <chrono>
#include <deque>
#include <utility>

namespace appd::test {

struct SimulatedPool::State {
  reactor::sim::World& world;
  const std::size_t threads;
  const std::size_t queue_limit;
  reactor::Duration job_time = std::chrono::milliseconds(1);
  std::size_t busy = 0;
  std::deque<std::unique_ptr<reactor::Job>> queue = {};
  bool ended = false;
};

SimulatedPool::SimulatedPool(reactor::sim::World& world, std::size_t threads,
                             std::size_t queue_limit)
    : state_(std::make_shared<State>(
          State{.world = world, .threads = threads, .queue_limit = queue_limit})) {}

SimulatedPool::~SimulatedPool() {
  state_->ended = true;
  state_->queue.clear();
}

void SimulatedPool::set_job_time(reactor::Duration time) { state_->job_time = time; }

std::size_t SimulatedPool::jobs() const { return state_->busy + state_->queue.size(); }

bool SimulatedPool::submit(std::unique_ptr<reactor::Job> job) {
  if (state_->busy < state_->threads) {
    begin(state_, std::move(job));
    return true;
  }
  if (state_->queue.size() >= state_->queue_limit) return false;
  state_->queue.push_back(std::move(job));
  return true;
}

void SimulatedPool::begin(const std::shared_ptr<State>& state, std::unique_ptr<reactor::Job> job) {
  ++state->busy;
  // An event can be copied, and so its job is shared.
  state->world.after(state->job_time, [state, job = std::shared_ptr(std::move(job))]() mutable {
    if (state->ended) return;
    job->run();
    job.reset();
    --state->busy;
    if (state->queue.empty()) return;
    auto next = std::move(state->queue.front());
    state->queue.pop_front();
    begin(state, std::move(next));
  });
}

}  // namespace appd::test
