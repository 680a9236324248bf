// Reads again what a server was started with, on a thread of its own, while the loops go on.
//
// One reload runs at a time. Requests that come meanwhile are one more reload behind it, so that
// the last state of the files wins.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string_view>

#include "appd/handlers/registry.h"
#include "appd/servers/worker_pool.h"

namespace appd::daemon {

class Reloader {
 public:
  // Puts what was read into use. Quick.
  using Apply = std::function<void()>;
  // Reads. Takes as long as it likes.
  using Load = std::function<Apply()>;

  // What either of them threw; then nothing was applied, or not all.
  using Failed = std::function<void(std::string_view reason)>;

  // All run on the thread, which is there from now on; Apply and Failed never behind stop(). Throws
  // StartError: no thread.
  Reloader(Load load, Failed failed);
  // stop() with WorkerPool::kStopWait, unless it was called before.
  ~Reloader();
  Reloader(const Reloader&) = delete;
  Reloader& operator=(const Reloader&) = delete;

  // Any thread; never blocks.
  void request();

  // The same registry, which is destroyed on the thread, whoever lets go of it last: with many
  // search entries that takes long. Behind stop() it is destroyed where the last one lets go.
  [[nodiscard]] std::shared_ptr<const handlers::Registry> destroyed_here(
      std::unique_ptr<const handlers::Registry> registry) const;

  // Ends it, and waits for the reload that runs, `wait` at most. False: it still runs, and Load
  // must find everything that it uses until the process ends. Any thread but its own.
  [[nodiscard]] bool stop(std::chrono::milliseconds wait);

 private:
  struct State;
  static void run(State& state);
  static void reload(State& state, std::unique_lock<std::mutex>& lock);

  std::shared_ptr<State> state_;  // shared with a reload that outlives this
  std::shared_ptr<servers::WorkerPool> thread_;
};

}  // namespace appd::daemon
