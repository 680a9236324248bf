// Timers of one loop. A timer is a member or a base of what it guards; arming it allocates nothing
// and never fails, because whoever may arm one has taken its place in the queue's array before
// (take_place(); the array grows once per power of two of places).
//
// Times are the loop's time of the turn; nothing here reads a clock, so tests advance time by
// hand. Not thread-safe: the loop's own thread only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "appd/reactor/check.h"
#include "appd/reactor/clock.h"

namespace appd::reactor {

// What has a time: as a base class it is a timer of 8 bytes. Cancelled by its owner before it goes
// (checked).
class TimerSink {
 public:
  TimerSink() = default;
  TimerSink(const TimerSink&) = delete;
  TimerSink& operator=(const TimerSink&) = delete;

  // False within its own on_due(), until armed again.
  [[nodiscard]] bool armed() const { return position_ != kNowhere; }

 protected:
  ~TimerSink() { APPD_CHECK(!armed()); }

 private:
  friend class TimerQueue;
  virtual void on_due() = 0;
  // While armed: the time of the last arm(). The queue asks when an entry comes up, in case it was
  // moved; who knows the time anyhow need not keep it twice.
  [[nodiscard]] virtual TimePoint due() const = 0;

  // Positions: in the heap; or, with kDue, in the batch of the fire_due() that is running.
  static constexpr std::uint32_t kNowhere = UINT32_MAX;  // not armed
  static constexpr std::uint32_t kDue = 1U << 31;

  std::uint32_t sequence_ = 0;  // of the last arm(), its lower half
  std::uint32_t position_ = kNowhere;
};

// A binary heap of (time, timer), earliest first. Timers of equal time fire in the order of arming.
class TimerQueue {
 public:
  TimerQueue() { due_.reserve(kDueAtLeast); }
  TimerQueue(const TimerQueue&) = delete;
  TimerQueue& operator=(const TimerQueue&) = delete;
  ~TimerQueue();  // checks that no timer is left

  // For a timer that may be armed from now on. Throws std::bad_alloc, and then there is no place.
  void take_place();
  void give_place_back() noexcept { --places_; }

  // Fires once, in the first turn whose time is `deadline` or later. Arming an armed timer moves
  // it; moving it later costs no work in the queue (the entry is corrected when it comes up).
  void arm(TimerSink& timer, TimePoint deadline);
  void cancel(TimerSink& timer) {
    if (timer.armed()) take_away(timer);
  }

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
  // The heap's order. Invariant: (key, sequence) is at most that of the timer's last arm(), and
  // less when the timer was moved later since.
  struct Entry {
    TimePoint key;
    std::uint64_t sequence;
    TimerSink* timer;
  };

  void take_away(TimerSink& timer);
  void collect_due(TimePoint now);
  [[nodiscard]] std::uint64_t sequence_of(const TimerSink& timer) const;
  Entry take_out(std::size_t position);
  void sift_up(std::size_t position, const Entry& entry);
  void sift_down(std::size_t position, const Entry& entry);
  void put(std::size_t position, const Entry& entry);
  static bool earlier(const Entry& a, const Entry& b);

  std::vector<Entry> heap_;
  std::vector<Entry> due_;  // of the fire_due() that is running; cancelled ones have no timer
  std::uint64_t next_sequence_ = 0;
  std::size_t armed_count_ = 0;
  std::size_t places_ = 0;
};

// A timer as a member, which calls a function of its owner and cancels in its destructor.
class Timer final : public TimerSink {
 public:
  // Timer t(queue, this, &Callback::member<&Session::on_timeout>) is spelled
  //   Timer t = Timer::calling<&Session::on_timeout>(queue, *this);
  // `owner` and `queue` must outlive the timer.
  template <auto Method, class Owner>
  [[nodiscard]] static Timer calling(TimerQueue& queue, Owner& owner) {
    return Timer(queue, &owner, [](void* self) { (static_cast<Owner*>(self)->*Method)(); });
  }
  ~Timer() {
    cancel();
    queue_.give_place_back();
  }

  void arm(TimePoint deadline) { queue_.arm(*this, deadline_ = deadline); }
  void cancel() { queue_.cancel(*this); }
  // Meaningful while armed().
  [[nodiscard]] TimePoint deadline() const { return deadline_; }

 private:
  using Callback = void (*)(void*);
  Timer(TimerQueue& queue, void* owner, Callback callback)
      : queue_(queue), owner_(owner), callback_(callback) {
    queue_.take_place();
  }

  void on_due() override { callback_(owner_); }
  [[nodiscard]] TimePoint due() const override { return deadline_; }

  TimerQueue& queue_;
  void* owner_;
  Callback callback_;
  TimePoint deadline_{};
};

}  // namespace appd::reactor
