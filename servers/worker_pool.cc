#include "appd/servers/worker_pool.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

namespace appd::servers {

struct WorkerPool::State {
  State(std::size_t threads_at_most, std::size_t jobs_at_most)
      : max_threads(threads_at_most), queue_limit(jobs_at_most) {}

  const std::size_t max_threads;
  const std::size_t queue_limit;
  std::mutex mutex;  // guards what follows
  std::condition_variable work_or_end;
  std::condition_variable thread_ended;
  std::deque<std::unique_ptr<reactor::Job>> queue;
  std::size_t threads = 0;
  std::size_t idle = 0;  // those that are just starting, too
  bool stopped = false;
};

WorkerPool::WorkerPool(std::size_t max_threads, std::size_t queue_limit)
    : state_(std::make_shared<State>(max_threads, queue_limit)) {}

WorkerPool::~WorkerPool() {
  bool stopped = false;
  {
    const std::lock_guard lock(state_->mutex);
    stopped = state_->stopped;
  }
  if (!stopped) stop(kStopWait);
}

void WorkerPool::start() {
  const std::lock_guard lock(state_->mutex);
  while (!state_->stopped && state_->threads < state_->max_threads) add_thread();
}

// With the mutex.
void WorkerPool::add_thread() {
  std::thread(serve, state_).detach();
  ++state_->threads;
  ++state_->idle;
}

bool WorkerPool::submit(std::unique_ptr<reactor::Job> job) {
  const std::lock_guard lock(state_->mutex);
  State& state = *state_;
  if (state.stopped) return false;
  if (state.queue.size() >= state.idle && state.threads < state.max_threads) {
    try {
      add_thread();
    } catch (const std::system_error&) {  // no thread to be had: the others do it, if there are any
    }
  }
  const bool all_busy = state.queue.size() >= state.idle;
  if (all_busy && state.queue.size() - state.idle >= state.queue_limit) return false;
  if (state.threads == 0) return false;
  state.queue.push_back(std::move(job));
  state.work_or_end.notify_one();
  return true;
}

void WorkerPool::serve(const std::shared_ptr<State>& state) {
  std::unique_lock lock(state->mutex);
  while (true) {
    state->work_or_end.wait(lock, [&] { return state->stopped || !state->queue.empty(); });
    if (state->stopped) break;
    --state->idle;
    std::unique_ptr<reactor::Job> job = std::move(state->queue.front());
    state->queue.pop_front();
    lock.unlock();
    job->run();
    job.reset();
    lock.lock();
    ++state->idle;
  }
  --state->threads;
  state->thread_ended.notify_all();
}

std::size_t WorkerPool::stop(std::chrono::milliseconds wait) {
  std::deque<std::unique_ptr<reactor::Job>> unwanted;
  std::unique_lock lock(state_->mutex);
  state_->stopped = true;
  unwanted.swap(state_->queue);
  state_->work_or_end.notify_all();
  state_->thread_ended.wait_for(lock, wait, [&] { return state_->threads == 0; });
  const std::size_t left = state_->threads;
  lock.unlock();
  return left;
}

std::size_t WorkerPool::queued() const {
  const std::lock_guard lock(state_->mutex);
  return state_->queue.size();
}

}  // namespace appd::servers
