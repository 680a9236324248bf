// A bounded number of threads with a bounded queue, for handlers that block: one pool a server.
// Threads are started when there is work for them, so a server without such handlers has none; or
// all at once by start(), where a lack of threads is to be known early.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>

#include "appd/reactor/threads/job_runner.h"

namespace appd::servers {

class WorkerPool final : public reactor::JobRunner {
 public:
  // `queue_limit`: jobs that wait while all threads are busy.
  WorkerPool(std::size_t max_threads, std::size_t queue_limit);
  // stop() with kStopWait, unless it was called before.
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // All threads exist from now on. Throws std::system_error: there can be no further one; those
  // that were started stay until stop().
  void start();

  // A handler that blocks for good must not keep the program from ending.
  static constexpr auto kStopWait = std::chrono::seconds(1);

  [[nodiscard]] bool submit(std::unique_ptr<reactor::Job> job) override;

  // Takes no more jobs, destroys the queued ones, and waits for the running ones, `wait` at most.
  // Returns how many still run: their threads are left to themselves, and end with their job or
  // with the process. Any thread but the pool's own.
  std::size_t stop(std::chrono::milliseconds wait);

  // Jobs that wait for a thread. Any thread.
  [[nodiscard]] std::size_t queued() const;

 private:
  struct State;
  void add_thread();
  static void serve(const std::shared_ptr<State>& state);

  // Shared with the threads: one that is left to itself still has it.
  std::shared_ptr<State> state_;
};

}  // namespace appd::servers
