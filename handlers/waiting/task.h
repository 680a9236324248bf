// Task<T>: a coroutine that computes a T and may wait on the way, for handlers that wait.
//
//   Task<std::string> greet(std::string name, CallContext call) {
//     co_await call.sleep(std::chrono::milliseconds(20));
//     co_return "hello, " + name;
//   }
//
// Lazy: nothing runs before somebody awaits it (or CallContext::run() takes it). Whoever awaits is
// resumed when it is done, without growing the stack. An exception is kept and thrown where the
// task is awaited; a handler's task that throws is answered `internal`.
//
// A task owns its coroutine. Destroying it at any point of waiting is safe and destroys what the
// coroutine holds, tasks and waits it is in the middle of included: that is how work that nobody
// wants any more is dropped. Never destroy one that is running.
//
// One thread: a task is resumed on the loop's thread only. Coroutines live in the loop's blocks
// (block_store.h).
#pragma once

#include <coroutine>
#include <exception>
#include <optional>
#include <utility>

#include "appd/reactor/check.h"
#include "appd/reactor/memory/block_store.h"

namespace appd::handlers {

template <class T>
class Task;

namespace detail {

// What promises of any T share: who waits, and what was thrown.
class TaskPromiseBase : public reactor::InBlock {
 public:
  [[nodiscard]] std::suspend_always initial_suspend() const noexcept { return {}; }
  [[nodiscard]] auto final_suspend() const noexcept { return ResumeAwaiting{}; }
  void unhandled_exception() noexcept { thrown_ = std::current_exception(); }

  void set_awaiting(std::coroutine_handle<> awaiting) { awaiting_ = awaiting; }
  void rethrow() const {
    if (thrown_) std::rethrow_exception(thrown_);
  }

 private:
  struct ResumeAwaiting {
    [[nodiscard]] bool await_ready() const noexcept { return false; }
    template <class Promise>
    [[nodiscard]] std::coroutine_handle<> await_suspend(
        std::coroutine_handle<Promise> done) const noexcept {
      return static_cast<TaskPromiseBase&>(done.promise()).awaiting_;
    }
    void await_resume() const noexcept {}
  };

  std::coroutine_handle<> awaiting_ = std::noop_coroutine();
  std::exception_ptr thrown_;
};

template <class T>
class TaskPromise final : public TaskPromiseBase {
 public:
  [[nodiscard]] Task<T> get_return_object();
  template <class Value>
  void return_value(Value&& value) {
    value_.emplace(std::forward<Value>(value));
  }
  [[nodiscard]] T take() {
    rethrow();
    return std::move(*value_);
  }

 private:
  std::optional<T> value_;
};

template <>
class TaskPromise<void> final : public TaskPromiseBase {
 public:
  [[nodiscard]] Task<void> get_return_object();
  void return_void() const noexcept {}
  void take() const { rethrow(); }
};

}  // namespace detail

template <class T = void>
class [[nodiscard]] Task {
 public:
  using promise_type = detail::TaskPromise<T>;
  using Handle = std::coroutine_handle<promise_type>;

  Task() = default;  // holds no coroutine
  explicit Task(Handle coroutine) : coroutine_(coroutine) {}
  Task(Task&& other) noexcept : coroutine_(std::exchange(other.coroutine_, {})) {}
  Task& operator=(Task&& other) noexcept {
    if (this != &other) {
      reset();
      coroutine_ = std::exchange(other.coroutine_, {});
    }
    return *this;
  }
  ~Task() { reset(); }

  [[nodiscard]] bool valid() const { return static_cast<bool>(coroutine_); }
  [[nodiscard]] bool done() const { return coroutine_ && coroutine_.done(); }
  // Runs it to its first wait, without anybody who awaits it. Once.
  void start() {
    APPD_CHECK(coroutine_ && !coroutine_.done(), coroutine_.address());
    coroutine_.resume();
  }
  // Its result; throws what it threw. Only when done(), once.
  [[nodiscard]] T result() { return coroutine_.promise().take(); }
  // Whoever takes it destroys it.
  [[nodiscard]] Handle release() { return std::exchange(coroutine_, {}); }
  // Destroys the coroutine, wherever it waits.
  void reset() {
    if (coroutine_) std::exchange(coroutine_, {}).destroy();
  }

  // co_await std::move(task): its result; throws what it threw.
  [[nodiscard]] auto operator co_await() && noexcept { return Awaiter{coroutine_}; }

 private:
  struct Awaiter {
    Handle coroutine;
    [[nodiscard]] bool await_ready() const noexcept { return coroutine.done(); }
    [[nodiscard]] std::coroutine_handle<> await_suspend(
        std::coroutine_handle<> awaiting) const noexcept {
      coroutine.promise().set_awaiting(awaiting);
      return coroutine;
    }
    [[nodiscard]] T await_resume() const { return coroutine.promise().take(); }
  };

  Handle coroutine_;
};

namespace detail {

template <class T>
Task<T> TaskPromise<T>::get_return_object() {
  return Task<T>(std::coroutine_handle<TaskPromise<T>>::from_promise(*this));
}

inline Task<void> TaskPromise<void>::get_return_object() {
  return Task<void>(std::coroutine_handle<TaskPromise<void>>::from_promise(*this));
}

}  // namespace detail
}  // namespace appd::handlers
