#include "reactor/timer_queue.h"

#include <new>

#include "reactor/check.h"

namespace appd::reactor {

void Timer::arm(TimePoint deadline) { queue_.arm(*this, deadline); }

void Timer::cancel() {
  if (armed()) queue_.cancel(*this);
}

TimerQueue::~TimerQueue() { APPD_CHECK(armed_count_ == 0, armed_count_); }

std::optional<TimePoint> TimerQueue::next_deadline() const {
  // Within a callback: the rest of the batch is due now.
  if (armed_count_ > heap_.size()) return due_.front().key;
  if (heap_.empty()) return std::nullopt;
  return heap_.front().key;
}

std::size_t TimerQueue::fire_due(TimePoint now) {
  APPD_CHECK(due_.empty(), due_.size());
  // Taking them out first tells what was armed before the call from what callbacks arm.
  collect_due(now);
  std::size_t fired = 0;
  for (std::size_t i = 0; i < due_.size(); ++i) {
    Timer* timer = due_[i].timer;
    if (timer == nullptr) continue;
    cancel(*timer);
    ++fired;
    timer->callback_(timer->owner_);  // the timer may be gone behind this
  }
  due_.clear();
  return fired;
}

void TimerQueue::collect_due(TimePoint now) {
  while (!heap_.empty() && heap_.front().key <= now) {
    Timer* timer = heap_.front().timer;
    if (heap_.front().sequence != timer->sequence_) {
      // It was moved later while it waited: now is the time to give it its right place.
      sift_down(0, {timer->deadline_, timer->sequence_, timer});
      continue;
    }
    try {
      due_.push_back(heap_.front());
    } catch (const std::bad_alloc&) {
      return;
    }
    timer->place_ = Timer::Place::kDue;
    timer->position_ = static_cast<std::uint32_t>(due_.size() - 1);
    take_out(0);
  }
}

void TimerQueue::arm(Timer& timer, TimePoint deadline) {
  if (timer.place_ == Timer::Place::kDue) cancel(timer);
  timer.deadline_ = deadline;
  timer.sequence_ = next_sequence_++;
  const Entry entry{deadline, timer.sequence_, &timer};
  if (timer.place_ == Timer::Place::kHeap) {
    if (deadline < heap_[timer.position_].key) sift_up(timer.position_, entry);
    return;
  }
  APPD_CHECK(heap_.size() < UINT32_MAX, heap_.size());
  heap_.push_back(entry);
  timer.place_ = Timer::Place::kHeap;
  ++armed_count_;
  sift_up(heap_.size() - 1, entry);
}

void TimerQueue::cancel(Timer& timer) {
  if (timer.place_ == Timer::Place::kDue) {
    due_[timer.position_].timer = nullptr;
  } else {
    const Entry taken = take_out(timer.position_);
    APPD_CHECK(taken.timer == &timer);
  }
  timer.place_ = Timer::Place::kNowhere;
  --armed_count_;
}

// Fills the hole with the last entry, which may belong above or below it.
TimerQueue::Entry TimerQueue::take_out(std::size_t position) {
  const Entry taken = heap_[position];
  const Entry last = heap_.back();
  heap_.pop_back();
  if (position < heap_.size()) {
    if (earlier(last, taken)) {
      sift_up(position, last);
    } else {
      sift_down(position, last);
    }
  }
  return taken;
}

void TimerQueue::sift_up(std::size_t position, const Entry& entry) {
  while (position > 0) {
    const std::size_t parent = (position - 1) / 2;
    if (!earlier(entry, heap_[parent])) break;
    put(position, heap_[parent]);
    position = parent;
  }
  put(position, entry);
}

void TimerQueue::sift_down(std::size_t position, const Entry& entry) {
  for (;;) {
    std::size_t child = 2 * position + 1;
    if (child >= heap_.size()) break;
    if (child + 1 < heap_.size() && earlier(heap_[child + 1], heap_[child])) ++child;
    if (!earlier(heap_[child], entry)) break;
    put(position, heap_[child]);
    position = child;
  }
  put(position, entry);
}

void TimerQueue::put(std::size_t position, const Entry& entry) {
  heap_[position] = entry;
  entry.timer->position_ = static_cast<std::uint32_t>(position);
}

bool TimerQueue::earlier(const Entry& a, const Entry& b) {
  return a.key != b.key ? a.key < b.key : a.sequence < b.sequence;
}

}  // namespace appd::reactor
