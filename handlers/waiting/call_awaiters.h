// What the members of CallContext give to co_await.
#pragma once

#include <coroutine>
#include <exception>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

#include "appd/handlers/waiting/call_services.h"

namespace appd::handlers {

namespace detail {

// Destroyed with the coroutine that waits in it, which gives the wait up.
class SleepAwaiter {
 public:
  SleepAwaiter(CallServices& services, reactor::Duration duration)
      : services_(services), duration_(duration) {}
  [[nodiscard]] bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> awaiting) {
    wait_ = services_.start_sleep(duration_, [awaiting] { awaiting.resume(); });
  }
  void await_resume() const noexcept {}

 private:
  CallServices& services_;
  reactor::Duration duration_;
  std::unique_ptr<Wait> wait_;
};

// What listen() gives. Notified while the coroutine waits for something else, it is ready.
class Listening {
 public:
  Listening(CallServices& services, Event& event)
      : wait_(services.start_listening(event, [this] {
          notified_ = true;
          if (awaiting_) awaiting_.resume();
        })) {}
  Listening(const Listening&) = delete;
  Listening& operator=(const Listening&) = delete;
  [[nodiscard]] bool await_ready() const noexcept { return notified_; }
  void await_suspend(std::coroutine_handle<> awaiting) noexcept { awaiting_ = awaiting; }
  void await_resume() const noexcept {}

 private:
  bool notified_ = false;
  std::coroutine_handle<> awaiting_;
  std::unique_ptr<Wait> wait_;
};

// Of call_action() and call(): `Start` begins the wait, with what to call when it is done.
template <class Start>
class CallAwaiter {
 public:
  explicit CallAwaiter(Start start) : start_(std::move(start)) {}
  [[nodiscard]] bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> awaiting) {
    wait_ = start_([this, awaiting](Result<CallReply> reply) {
      reply_.emplace(std::move(reply));
      awaiting.resume();
    });
  }
  [[nodiscard]] Result<CallReply> await_resume() { return std::move(*reply_); }

 private:
  Start start_;
  std::optional<Result<CallReply>> reply_;
  std::unique_ptr<Wait> wait_;
};

template <class T>
struct OffloadResult {
  using Type = Result<T>;
};
template <class T>
struct OffloadResult<Result<T>> {
  using Type = Result<T>;
};

// What the pool's thread and the loop's share of one offload. The pool writes, then the loop reads;
// the pool's hand-over is the barrier.
template <class Function>
class OffloadState {
 public:
  using Returned = std::invoke_result_t<Function&>;
  using ResultType = typename OffloadResult<Returned>::Type;

  explicit OffloadState(Function function) : function_(std::move(function)) {}
  void run() noexcept {
    try {
      if constexpr (std::is_void_v<Returned>) {
        function_();
        outcome_.template emplace<ResultType>();
      } else {
        outcome_.template emplace<ResultType>(function_());
      }
    } catch (...) {
      outcome_.template emplace<std::exception_ptr>(std::current_exception());
    }
  }
  [[nodiscard]] ResultType take() {
    if (auto* thrown = std::get_if<std::exception_ptr>(&outcome_)) std::rethrow_exception(*thrown);
    return std::move(std::get<ResultType>(outcome_));
  }

 private:
  Function function_;
  std::variant<std::monostate, ResultType, std::exception_ptr> outcome_;
};

// What offload() gives; the wait itself is in it, so it stays where it is while it is awaited.
template <class Function>
class Offload {
 public:
  using State = OffloadState<Function>;
  Offload(CallServices& services, Function function)
      : services_(services), state_(std::make_shared<State>(std::move(function))) {}

  [[nodiscard]] auto operator co_await() & { return Awaiter{*this}; }
  [[nodiscard]] auto operator co_await() && {
    static_assert(
        std::is_trivially_destructible_v<Function>,
        "name what offload() gives before you await it (auto work = call.offload(...); "
        "co_await work): GCC 12 destroys the captures of a temporary lambda twice when it "
        "stands in a co_await expression");
    return Awaiter{*this};
  }

 private:
  struct Awaiter {
    Offload& offload;
    [[nodiscard]] bool await_ready() const noexcept { return false; }
    [[nodiscard]] bool await_suspend(std::coroutine_handle<> awaiting) {
      return offload.start(awaiting);
    }
    [[nodiscard]] typename State::ResultType await_resume() {
      if (offload.refused_) return tl::unexpected(std::move(*offload.refused_));
      return offload.state_->take();
    }
  };

  // False: refused.
  [[nodiscard]] bool start(std::coroutine_handle<> awaiting) {
    auto started = services_.start_offload([state = state_] { state->run(); },
                                           [awaiting] { awaiting.resume(); });
    if (!started) {
      refused_ = std::move(started.error());
      return false;
    }
    wait_ = std::move(*started);
    return true;
  }

  CallServices& services_;
  std::shared_ptr<State> state_;
  std::unique_ptr<Wait> wait_;
  std::optional<protocol::Error> refused_;
};

}  // namespace detail

}  // namespace appd::handlers
