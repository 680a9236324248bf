// The coroutine of a call: a task of any type, how its result becomes a reply, and who gets that.
#pragma once

#include <coroutine>
#include <type_traits>
#include <utility>

#include "appd/handlers/handler.h"
#include "appd/handlers/waiting/responder.h"
#include "appd/handlers/waiting/task.h"

namespace appd::handlers {

// As a Task is: lazy, owns its coroutine, destroyed wherever it waits, the loop's thread only. What
// its responder still has to answer when it is destroyed is answered as by that.
class AnsweringTask {
 public:
  AnsweringTask() = default;  // holds no coroutine
  // `Put`, a function object without members, makes the reply of the task's result:
  // Result<void>(Request::Form, T, Reply&), without the T where it is void.
  template <class T, class Put>
  AnsweringTask(Task<T> task, Request::Form form, Put /*put*/, Responder responder)
      : coroutine_(task.release()),
        put_(&put_result<T, Put>),
        form_(form),
        responder_(std::move(responder)) {
    static_assert(std::is_empty_v<Put>);
  }
  AnsweringTask(AnsweringTask&& other) noexcept
      : coroutine_(std::exchange(other.coroutine_, {})),
        put_(other.put_),
        form_(other.form_),
        responder_(std::move(other.responder_)) {}
  AnsweringTask& operator=(AnsweringTask&& other) noexcept {
    reset();
    coroutine_ = std::exchange(other.coroutine_, {});
    put_ = other.put_;
    form_ = other.form_;
    responder_ = std::move(other.responder_);
    return *this;
  }
  ~AnsweringTask() { reset(); }

  [[nodiscard]] bool valid() const { return static_cast<bool>(coroutine_); }
  [[nodiscard]] bool done() const { return coroutine_ && coroutine_.done(); }
  // Runs it to its first wait. Once.
  void start() { coroutine_.resume(); }
  // Once it is done: fills `reply` with what came of it, an error if it threw, and gives it to the
  // responder, from where it lies. Once.
  void answer(Reply& reply) noexcept;
  // Destroys the coroutine, wherever it waits.
  void reset() {
    if (coroutine_) std::exchange(coroutine_, {}).destroy();
  }

 private:
  using PutResult = Result<void> (*)(std::coroutine_handle<> done, Request::Form form,
                                     Reply& reply);
  template <class T, class Put>
  static Result<void> put_result(std::coroutine_handle<> done, Request::Form form, Reply& reply) {
    auto& promise = Task<T>::Handle::from_address(done.address()).promise();
    if constexpr (std::is_void_v<T>) {
      promise.take();
      return Put()(form, reply);
    } else {
      return Put()(form, promise.take(), reply);
    }
  }

  std::coroutine_handle<> coroutine_;
  PutResult put_ = nullptr;
  Request::Form form_ = Request::Form::kJson;
  Responder responder_{nullptr};
};

}  // namespace appd::handlers
