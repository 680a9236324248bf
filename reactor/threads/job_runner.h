// Work for threads that may block, as those see it who hand it over.
#pragma once

#include <memory>

namespace appd::reactor {

// Destroyed behind run(), or without a run where its runner ends first; on any thread.
class Job {
 public:
  virtual ~Job() = default;
  virtual void run() noexcept = 0;
};

class JobRunner {
 public:
  // Runs `job` later, on another thread. Any thread; never blocks. False: refused, the queue is
  // full or the runner has ended.
  [[nodiscard]] virtual bool submit(std::unique_ptr<Job> job) = 0;

 protected:
  ~JobRunner() = default;
};

}  // namespace appd::reactor
