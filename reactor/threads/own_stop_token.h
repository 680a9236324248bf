// Stop tokens for standard libraries without <stop_token>: the same meaning, and of the same
// interface what is used here. Compiled and tested everywhere; stop_token.h chooses.
#pragma once

#include <memory>
#include <utility>

namespace appd::reactor {

// What a source, its tokens and its callbacks share.
class StopState;

// Whether a stop was requested. Copies share one state; a token without one is never stopped.
class OwnStopToken {
 public:
  OwnStopToken() = default;
  [[nodiscard]] bool stop_requested() const noexcept;

 private:
  friend class OwnStopSource;
  friend class OwnStopRegistration;
  explicit OwnStopToken(std::shared_ptr<StopState> state) : state_(std::move(state)) {}

  std::shared_ptr<StopState> state_;
};

// Requests the stop, once. Copies share one state.
class OwnStopSource {
 public:
  OwnStopSource();
  [[nodiscard]] OwnStopToken get_token() const { return OwnStopToken(state_); }
  [[nodiscard]] bool stop_requested() const noexcept;
  // Calls the callbacks, on this thread, and returns when they have returned. False: a stop was
  // requested before, and nothing is called.
  bool request_stop() noexcept;

 private:
  std::shared_ptr<StopState> state_;
};

// What of a callback does not depend on its function's type. Its destructor waits for a call that
// another thread is in.
class OwnStopRegistration {
 public:
  using Call = void (*)(void* argument);
  OwnStopRegistration(const OwnStopToken& token, Call call, void* argument);
  OwnStopRegistration(const OwnStopRegistration&) = delete;
  OwnStopRegistration& operator=(const OwnStopRegistration&) = delete;
  ~OwnStopRegistration();

 private:
  friend class StopState;
  std::shared_ptr<StopState> state_;  // null: there is nothing to take back
  Call call_;
  void* argument_;
  // Of the state's list, under its mutex.
  OwnStopRegistration* previous_ = nullptr;
  OwnStopRegistration* next_ = nullptr;
};

// What StopCallback (stop_token.h) says.
template <class Function>
class OwnStopCallback {
 public:
  OwnStopCallback(const OwnStopToken& token, Function function)
      : function_(std::move(function)), registration_(token, &OwnStopCallback::call, this) {}

 private:
  static void call(void* self) { static_cast<OwnStopCallback*>(self)->function_(); }

  Function function_;
  OwnStopRegistration registration_;  // goes first, so that nobody calls a function that is gone
};

}  // namespace appd::reactor
