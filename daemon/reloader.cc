#include "appd/daemon/reloader.h"

#include <exception>
#include <new>
#include <string>
#include <system_error>
#include <utility>

#include "appd/machine/thread_limits.h"

namespace appd::daemon {
namespace {

// Registries that wait for their end, and one reload: what is more is destroyed where it is let go.
constexpr std::size_t kQueue = 64;

class Function final : public reactor::Job {
 public:
  explicit Function(std::function<void()> function) : function_(std::move(function)) {}
  void run() noexcept override { function_(); }

 private:
  std::function<void()> function_;
};

// Destroyed as any job is: behind run().
class LastOf final : public reactor::Job {
 public:
  explicit LastOf(std::unique_ptr<const handlers::Registry> registry)
      : registry_(std::move(registry)) {}
  void run() noexcept override {}

 private:
  std::unique_ptr<const handlers::Registry> registry_;
};

}  // namespace

struct Reloader::State {
  State(Load the_load, Failed the_failed)
      : load(std::move(the_load)), failed(std::move(the_failed)) {}

  const Load load;
  const Failed failed;
  std::mutex mutex;  // guards what follows
  bool running = false;
  bool again = false;
  bool stopped = false;
};

Reloader::Reloader(Load load, Failed failed)
    : state_(std::make_shared<State>(std::move(load), std::move(failed))),
      thread_(std::make_shared<servers::WorkerPool>(1, kQueue)) {
  try {
    thread_->start();
  } catch (const std::system_error&) {
    throw machine::thread_start_error("reloads");
  }
}

Reloader::~Reloader() {
  std::unique_lock lock(state_->mutex);
  if (state_->stopped) return;
  lock.unlock();
  static_cast<void>(stop(servers::WorkerPool::kStopWait));
}

void Reloader::request() {
  const std::lock_guard lock(state_->mutex);
  state_->again = true;
  if (state_->running || state_->stopped) return;
  state_->running = thread_->submit(std::make_unique<Function>([state = state_] { run(*state); }));
}

void Reloader::run(State& state) {
  std::unique_lock lock(state.mutex);
  while (std::exchange(state.again, false) && !state.stopped) {
    std::string reason = "no reason was given";  // by an action's own exception
    try {
      reload(state, lock);
      continue;
    } catch (const std::exception& error) {
      reason = error.what();
    } catch (...) {
    }
    if (!lock.owns_lock()) lock.lock();
    if (!state.stopped) state.failed(reason);
  }
  state.running = false;
}

// With the lock, but while it loads.
void Reloader::reload(State& state, std::unique_lock<std::mutex>& lock) {
  lock.unlock();
  const Apply apply = state.load();
  lock.lock();
  if (!state.stopped) apply();
}

std::shared_ptr<const handlers::Registry> Reloader::destroyed_here(
    std::unique_ptr<const handlers::Registry> registry) const {
  const handlers::Registry* const bare = registry.get();
  // Made now, when there is somebody to tell that memory is short. Deleters are copied.
  auto last = std::make_shared<std::unique_ptr<reactor::Job>>(
      std::make_unique<LastOf>(std::move(registry)));
  return {bare,
          [last = std::move(last), thread = std::weak_ptr(thread_)](const handlers::Registry*) {
            const std::shared_ptr<servers::WorkerPool> pool = thread.lock();
            try {
              if (pool) static_cast<void>(pool->submit(std::move(*last)));
            } catch (const std::bad_alloc&) {  // then it ends here and now
            }
            last->reset();
          }};
}

bool Reloader::stop(std::chrono::milliseconds wait) {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopped = true;
  }
  return thread_->stop(wait) == 0;
}

}  // namespace appd::daemon
