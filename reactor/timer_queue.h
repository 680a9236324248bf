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
  // False within its own callback, until armed again.
  [[nodiscard]] bool armed() const { return place_ != Place::kNowhere; }
  // Meaningful while armed().
  [[nodiscard]] TimePoint deadline() const { return deadline_; }

 private:
  friend class TimerQueue;
  using Callback = void (*)(void*);
  Timer(TimerQueue& queue, void* owner, Callback callback)
      : queue_(queue), owner_(owner), callback_(callback) {}

  enum class Place : std::uint8_t {
    kNowhere,  // not armed
    kHeap,     // waits at heap_[position_]
    kDue,      // taken out by the fire_due() that is running, at due_[position_]
  };

  TimerQueue& queue_;
  void* owner_;
  Callback callback_;
  TimePoint deadline_{};
  std::uint64_t sequence_ = 0;  // of the last arm(): the order among equal deadlines
  std::uint32_t position_ = 0;
  Place place_ = Place::kNowhere;
};

// A binary heap of (time, timer), earliest first. Timers of equal time fire in the order of arming.
class TimerQueue {
 public:
  TimerQueue() { due_.reserve(kDueAtLeast); }
  TimerQueue(const TimerQueue&) = delete;
  TimerQueue& operator=(const TimerQueue&) = delete;
  ~TimerQueue();  // checks that no timer is left

  // When the loop should wake up next; a timer that was moved later may make this early, never
  // late. Nothing armed: nullopt.
  [[nodiscard]] std::optional<TimePoint> next_deadline() const;

  // Fires every timer due at `now` that was armed before the call; one armed by a callback fires
  // in a later call even if due. A callback may arm, cancel and destroy any timer, its own too,
  // but must not call fire_due() (checked). Returns how many fired: without memory for all of
  // them, kDueAtLeast, and the rest in the next call.
  std::size_t fire_due(TimePoint now);

  static constexpr std::size_t kDueAtLeast = 16;

  [[nodiscard]] std::size_t armed_count() const { return armed_count_; }

 private:
  friend class Timer;
  // The heap's order. Invariant: (key, sequence) is at most (deadline, sequence) of the timer, and
  // less when the timer was moved later since.
  struct Entry {
    TimePoint key;
    std::uint64_t sequence;
    Timer* timer;
  };

  void arm(Timer& timer, TimePoint deadline);
  void cancel(Timer& timer);
  void collect_due(TimePoint now);
  Entry take_out(std::size_t position);
  void sift_up(std::size_t position, const Entry& entry);
  void sift_down(std::size_t position, const Entry& entry);
  void put(std::size_t position, const Entry& entry);
  static bool earlier(const Entry& a, const Entry& b);

  std::vector<Entry> heap_;
  std::vector<Entry> due_;  // of the fire_due() that is running; cancelled ones have no timer
  std::uint64_t next_sequence_ = 0;
  std::size_t armed_count_ = 0;
};

}  // namespace appd::reactor
