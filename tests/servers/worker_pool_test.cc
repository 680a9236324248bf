#include "appd/servers/worker_pool.h"

#include <doctest/doctest.h>

#include <atomic>
#include <functional>
#include <future>
#include <memory>
#include <thread>
#include <utility>

namespace appd::servers {
namespace {

using namespace std::chrono_literals;

class FunctionJob final : public reactor::Job {
 public:
  explicit FunctionJob(std::function<void()> function) : function_(std::move(function)) {}
  void run() noexcept override { function_(); }

 private:
  std::function<void()> function_;
};

bool submit(WorkerPool& pool, std::function<void()> function) {
  return pool.submit(std::make_unique<FunctionJob>(std::move(function)));
}

// Keeps a thread of the pool busy until it is let go. The thread's own share of it outlives it.
class Blocker {
 public:
  explicit Blocker(WorkerPool& pool) {
    REQUIRE(submit(pool, [doors = doors_] {
      doors->begun.set_value();
      doors->let_go.get_future().wait();
    }));
    doors_->begun.get_future().wait();
  }
  void let_go() { doors_->let_go.set_value(); }

 private:
  struct Doors {
    std::promise<void> begun;
    std::promise<void> let_go;
  };
  std::shared_ptr<Doors> doors_ = std::make_shared<Doors>();
};

TEST_CASE("pool: every job runs once") {
  std::atomic<int> runs = 0;
  WorkerPool pool(4, 1000);
  for (int i = 0; i < 1000; ++i) REQUIRE(submit(pool, [&runs] { ++runs; }));
  while (runs < 1000) std::this_thread::yield();
  CHECK(pool.queued() == 0);
  CHECK(pool.stop(1min) == 0);
  CHECK(runs == 1000);
}

TEST_CASE("pool: threads work at the same time, as many as allowed") {
  WorkerPool pool(2, 10);
  Blocker first(pool);
  Blocker second(pool);
  CHECK(submit(pool, [] {}));
  CHECK(pool.queued() == 1);
  first.let_go();
  second.let_go();
}

TEST_CASE("pool: a full queue refuses") {
  WorkerPool pool(1, 2);
  Blocker blocker(pool);
  CHECK(submit(pool, [] {}));
  CHECK(submit(pool, [] {}));
  CHECK(!submit(pool, [] {}));
  blocker.let_go();
}

TEST_CASE("pool: once started it needs no further thread, and takes what an unstarted one takes") {
  WorkerPool pool(2, 0);
  pool.start();
  Blocker first(pool);
  Blocker second(pool);
  CHECK(!submit(pool, [] {}));
  first.let_go();
  second.let_go();
  CHECK(pool.stop(1min) == 0);
}

TEST_CASE("pool: stopping destroys what is queued, and takes no more") {
  WorkerPool pool(1, 10);
  Blocker blocker(pool);
  auto kept = std::make_shared<int>(0);
  REQUIRE(submit(pool, [kept] { ++*kept; }));
  CHECK(kept.use_count() == 2);
  CHECK(pool.stop(0ms) == 1);
  CHECK(kept.use_count() == 1);
  CHECK(*kept == 0);
  CHECK(!submit(pool, [] {}));
  blocker.let_go();
  CHECK(pool.stop(1min) == 0);
}

}  // namespace
}  // namespace appd::servers
