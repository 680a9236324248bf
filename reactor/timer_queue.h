// Timers of one loop. A Timer is a member of what it guards and cancels in its destructor; arming
// it allocates nothing (the queue's array grows once per power of two of armed timers).
//
// Times are the loop's time of the turn; nothing here reads a clock, so tests advance time by
// hand. Not thread-safe: the loop's own thread only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "reactor/clock.h"

namespace appd::reactor {

class TimerQueue;

class Timer {
 public:
  // Timer t(queue, this, &Callback::member<&Session::on_timeout>) is spelled
  //   Timer t = Timer::calling<&Session::on_timeout>(queue, *this);
  // `owner` and `queue` must outlive the timer.
  template <auto Method, class Owner>
  [[nodiscard]] static Timer calling(TimerQueue& queue, Owner& owner) {
    return Timer(queue, &owner, [](void* self) { (static_cast<Owner*>(self)->*Method)(); });
  }

  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  ~Timer() { cancel(); }

  // Fires once, in the first turn whose time is `deadline` or later. Arming an armed timer moves
  // it; moving it later costs no work in the queue (the entry is corrected when it comes up).
  void arm(TimePoint deadline);
  void cancel();
  [[nodiscard]] bool armed() const { return armed_; }
  // Meaningful while armed().
  [[nodiscard]] TimePoint deadline() const { return deadline_; }

 private:
  friend class TimerQueue;
  using Callback = void (*)(void*);
  Timer(TimerQueue& queue, void* owner, Callback callback)
      : queue_(queue), owner_(owner), callback_(callback) {}

  static constexpr std::uint32_t kNotQueued = UINT32_MAX;

  TimerQueue& queue_;
  void* owner_;
  Callback callback_;
  TimePoint deadline_{};
  std::uint32_t position_ = kNotQueued;  // in the queue's heap
  bool armed_ = false;
};

// A binary heap of (time, timer), earliest first. Timers of equal time fire in the order of arming.
class TimerQueue {
 public:
  TimerQueue() = default;
  TimerQueue(const TimerQueue&) = delete;
  TimerQueue& operator=(const TimerQueue&) = delete;
  ~TimerQueue();  // checks that no timer is left

  // When the loop should wake up next; a timer that was moved later may make this early, never
  // late. Nothing armed: nullopt.
  [[nodiscard]] std::optional<TimePoint> next_deadline() const;

  // Fires every timer due at `now` that was armed before the call; one armed by a callback fires
  // in a later call even if due. A callback may arm, cancel and destroy any timer, its own too.
  // Returns how many fired.
  std::size_t fire_due(TimePoint now);

  [[nodiscard]] std::size_t armed_count() const { return armed_count_; }

 private:
  friend class Timer;
  struct Entry {
    TimePoint key;           // at most the timer's deadline
    std::uint64_t sequence;  // order among equal keys
    Timer* timer;
  };

  void insert(Timer& timer);
  void remove(Timer& timer);
  void sift_up(std::size_t position);
  void sift_down(std::size_t position);
  void place(std::size_t position, const Entry& entry);
  static bool earlier(const Entry& a, const Entry& b);

  std::vector<Entry> heap_;
  std::uint64_t next_sequence_ = 0;
  std::size_t armed_count_ = 0;
};

}  // namespace appd::reactor
