// A StopSource that is made when somebody asks for its token: most calls end before anybody does.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>

#include "appd/reactor/threads/stop_token.h"

namespace appd::reactor {

// Any thread; destroyed when nobody uses it any more.
class LazyStopSource {
 public:
  LazyStopSource() = default;
  LazyStopSource(const LazyStopSource&) = delete;
  LazyStopSource& operator=(const LazyStopSource&) = delete;
  ~LazyStopSource() {
    StopSource* const source = source_.load(std::memory_order_acquire);
    if (source != stopped()) delete source;
  }

  // Of a source that lives as long as its tokens. Throws std::bad_alloc.
  [[nodiscard]] StopToken token() {
    StopSource* source = source_.load(std::memory_order_acquire);
    if (source != nullptr && source != stopped()) return source->get_token();
    auto made = std::make_unique<StopSource>();
    StopToken token = made->get_token();
    if (source == nullptr &&
        source_.compare_exchange_strong(source, made.get(), std::memory_order_acq_rel)) {
      (void)made.release();
      return token;
    }
    if (source != stopped()) return source->get_token();  // another thread's was first
    made->request_stop();
    return token;
  }

  [[nodiscard]] bool stop_requested() const {
    const StopSource* const source = source_.load(std::memory_order_acquire);
    return source == stopped() || (source != nullptr && source->stop_requested());
  }
  // Once. Tokens that are asked for later are stopped as well. Allocates nothing.
  void request_stop() {
    StopSource* source = nullptr;
    if (!source_.compare_exchange_strong(source, stopped(), std::memory_order_acq_rel)) {
      source->request_stop();
    }
  }

 private:
  // In place of a source: the stop was requested before anybody asked. Never looked into.
  [[nodiscard]] static StopSource* stopped() {
    alignas(StopSource) static constinit std::byte mark{};
    return reinterpret_cast<StopSource*>(&mark);
  }

  std::atomic<StopSource*> source_ = nullptr;
};

}  // namespace appd::reactor
