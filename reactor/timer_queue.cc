#include "appd/reactor/timer_queue.h"

#include <algorithm>
#include <new>

#include "appd/reactor/check.h"

namespace appd::reactor {

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
    TimerSink* timer = due_[i].timer;
    if (timer == nullptr) continue;
    take_away(*timer);
    ++fired;
    timer->on_due();  // the timer may be gone behind this
  }
  due_.clear();
  return fired;
}

void TimerQueue::collect_due(TimePoint now) {
  while (!heap_.empty() && heap_.front().key <= now) {
    TimerSink* timer = heap_.front().timer;
    const std::uint64_t sequence = sequence_of(*timer);
    const TimePoint due = timer->due();
    if (heap_.front().sequence != sequence || due > now) {
      // It was moved later while it waited: now is the time to give it its right place.
      sift_down(0, {due, sequence, timer});
      continue;
    }
    try {
      due_.push_back(heap_.front());
    } catch (const std::bad_alloc&) {
      return;
    }
    take_out(0);
    timer->position_ = TimerSink::kDue | static_cast<std::uint32_t>(due_.size() - 1);
  }
}

void TimerQueue::take_place() {
  if (places_ == heap_.capacity()) heap_.reserve(std::max<std::size_t>(16, 2 * places_));
  ++places_;
}

// Of the last 2^32 calls of arm() with this lower half, the one that has been.
std::uint64_t TimerQueue::sequence_of(const TimerSink& timer) const {
  const std::uint64_t last = next_sequence_ - 1;
  return last - static_cast<std::uint32_t>(static_cast<std::uint32_t>(last) - timer.sequence_);
}

void TimerQueue::arm(TimerSink& timer, TimePoint deadline) {
  if (timer.armed() && (timer.position_ & TimerSink::kDue) != 0) take_away(timer);
  const Entry entry{deadline, next_sequence_++, &timer};
  timer.sequence_ = static_cast<std::uint32_t>(entry.sequence);
  if (timer.armed()) {
    if (deadline < heap_[timer.position_].key) sift_up(timer.position_, entry);
    return;
  }
  APPD_CHECK(heap_.size() < TimerSink::kDue - 1, heap_.size());
  heap_.push_back(entry);
  ++armed_count_;
  sift_up(heap_.size() - 1, entry);
}

void TimerQueue::take_away(TimerSink& timer) {
  if ((timer.position_ & TimerSink::kDue) != 0) {
    due_[timer.position_ & ~TimerSink::kDue].timer = nullptr;
  } else {
    const Entry taken = take_out(timer.position_);
    APPD_CHECK(taken.timer == &timer);
  }
  timer.position_ = TimerSink::kNowhere;
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
