// Coroutines of a program that knows nothing of tasks, and a loop of its own to run them on.
#pragma once

#include <condition_variable>
#include <coroutine>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <utility>

namespace appd::testing {

// Runs at once, and destroys itself at its end.
struct Detached {
  struct promise_type {
    Detached get_return_object() const { return {}; }
    std::suspend_never initial_suspend() const noexcept { return {}; }
    std::suspend_never final_suspend() const noexcept { return {}; }
    void return_void() const {}
    void unhandled_exception() const { std::terminate(); }
  };
};

// Runs at once, and is destroyed by its owner, wherever it waits.
class Owned {
 public:
  struct promise_type {
    Owned get_return_object() {
      return Owned(std::coroutine_handle<promise_type>::from_promise(*this));
    }
    std::suspend_never initial_suspend() const noexcept { return {}; }
    std::suspend_always final_suspend() const noexcept { return {}; }
    void return_void() const {}
    void unhandled_exception() const { std::terminate(); }
  };
  Owned(Owned&& other) noexcept : coroutine_(std::exchange(other.coroutine_, {})) {}
  ~Owned() {
    if (coroutine_) coroutine_.destroy();
  }

 private:
  explicit Owned(std::coroutine_handle<> coroutine) : coroutine_(coroutine) {}
  std::coroutine_handle<> coroutine_;
};

class RunLoop {
 public:
  void post(std::function<void()> function) {
    const std::lock_guard lock(mutex_);
    functions_.push_back(std::move(function));
    posted_.notify_one();
  }
  void stop() {
    post([this] { stopped_ = true; });
  }
  // Until stop(), and what was posted before it.
  void run() {
    while (!stopped_) {
      std::unique_lock lock(mutex_);
      posted_.wait(lock, [this] { return !functions_.empty(); });
      const auto function = std::move(functions_.front());
      functions_.pop_front();
      lock.unlock();
      function();
    }
  }

 private:
  std::mutex mutex_;
  std::condition_variable posted_;
  std::deque<std::function<void()>> functions_;
  bool stopped_ = false;  // the running thread only
};

}  // namespace appd::testing
