#include "appd/reactor/threads/own_stop_token.h"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace appd::reactor {

// Any thread. Registrations are in a list until they are called or taken back.
class StopState {
 public:
  [[nodiscard]] bool requested() const noexcept { return requested_.load(); }

  // False: a stop was requested before, and the registration is in no list.
  bool add(OwnStopRegistration& one) {
    const std::lock_guard lock(mutex_);
    if (requested()) return false;
    one.next_ = first_;
    if (first_ != nullptr) first_->previous_ = &one;
    first_ = &one;
    return true;
  }

  // Waits for its call where another thread is in it; the one that is called may go in its call.
  void take_back(OwnStopRegistration& one) {
    std::unique_lock lock(mutex_);
    if (is_listed(one)) {
      unlist(one);
    } else if (caller_ != std::this_thread::get_id()) {
      returned_.wait(lock, [&] { return called_ != &one; });
    }
  }

  bool request() {
    std::unique_lock lock(mutex_);
    if (requested_.exchange(true)) return false;
    caller_ = std::this_thread::get_id();
    while (first_ != nullptr) {
      called_ = first_;
      const OwnStopRegistration::Call call = called_->call_;
      void* const argument = called_->argument_;
      unlist(*called_);
      lock.unlock();
      call(argument);
      lock.lock();
      called_ = nullptr;
      returned_.notify_all();
    }
    return true;
  }

 private:
  [[nodiscard]] bool is_listed(const OwnStopRegistration& one) const {
    return first_ == &one || one.previous_ != nullptr;
  }

  void unlist(OwnStopRegistration& one) {
    (one.previous_ != nullptr ? one.previous_->next_ : first_) = one.next_;
    if (one.next_ != nullptr) one.next_->previous_ = one.previous_;
    one.previous_ = nullptr;
    one.next_ = nullptr;
  }

  std::atomic<bool> requested_ = false;
  std::mutex mutex_;
  std::condition_variable returned_;
  OwnStopRegistration* first_ = nullptr;
  OwnStopRegistration* called_ = nullptr;
  std::thread::id caller_;
};

bool OwnStopToken::stop_requested() const noexcept {
  return state_ != nullptr && state_->requested();
}

OwnStopSource::OwnStopSource() : state_(std::make_shared<StopState>()) {}

bool OwnStopSource::stop_requested() const noexcept { return state_->requested(); }

bool OwnStopSource::request_stop() noexcept {
  // A callback may destroy this source.
  const std::shared_ptr<StopState> state = state_;
  return state->request();
}

OwnStopRegistration::OwnStopRegistration(const OwnStopToken& token, Call call, void* argument)
    : state_(token.state_), call_(call), argument_(argument) {
  if (state_ == nullptr || state_->add(*this)) return;
  state_.reset();
  call_(argument_);
}

OwnStopRegistration::~OwnStopRegistration() {
  if (state_ != nullptr) state_->take_back(*this);
}

}  // namespace appd::reactor
