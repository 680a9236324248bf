#include "appd/reactor/event_loop.h"

#include <algorithm>

#include "appd/reactor/check.h"

namespace appd::reactor {

Registration::Registration(Registration&& other) noexcept
    : loop_(std::exchange(other.loop_, nullptr)),
      fd_(std::exchange(other.fd_, kNoDescriptor)),
      slot_(other.slot_) {}

Registration& Registration::operator=(Registration&& other) noexcept {
  if (this != &other) {
    reset();
    loop_ = std::exchange(other.loop_, nullptr);
    fd_ = std::exchange(other.fd_, kNoDescriptor);
    slot_ = other.slot_;
  }
  return *this;
}

Interest Registration::interest() const {
  return loop_ == nullptr ? Interest::kNone : loop_->interest(slot_);
}

Result<void> Registration::set_interest(Interest interest) {
  return loop_->set_interest(slot_, fd_, interest);
}

void Registration::schedule() { loop_->schedule(slot_); }

void Registration::reset() {
  if (loop_ == nullptr) return;
  std::exchange(loop_, nullptr)->give_back(slot_, std::exchange(fd_, kNoDescriptor));
}

EventLoop::EventLoop(Backend backend)
    : backend_(std::move(backend)),
      now_(backend_.clock->now()),
      events_(kEventsPerTurn),
      read_buffer_(std::make_unique_for_overwrite<std::byte[]>(kReadBufferBytes)) {}

EventLoop::~EventLoop() {
  destroy_retired();
  posted_.clear();
  APPD_CHECK(watches_.taken() == 0, watches_.taken());
}

void EventLoop::run() {
  while (!stopping_.load(std::memory_order_acquire)) run_once();
  stopping_.store(false, std::memory_order_release);
}

void EventLoop::run_once(std::optional<Duration> max_wait) {
  const BlockStore::Scope scope(blocks_);
  auto count = backend_.poller->wait(time_to_wait(max_wait), events_);
  APPD_CHECK(count.has_value(), count.error().message);
  now_ = backend_.clock->now();
  for (std::size_t i = 0; i < *count; ++i) {
    dispatch(events_[i].token, {events_[i].readable, events_[i].writable});
  }
  dispatch_scheduled();
  timers_.fire_due(now_);
  if (!after_timers_.empty()) after_timers_.call_all();
  run_posted();
  turn_end_.call_all();
  destroy_retired();
}

void EventLoop::stop() {
  stopping_.store(true, std::memory_order_release);
  wake();
}

Registration EventLoop::watch(Descriptor fd, EventSink& sink) {
  return {*this, fd, take_slot(sink)};
}

Slot EventLoop::take_slot(EventSink& sink) {
  const Slot slot = watches_.take();
  watches_[slot].sink = &sink;
  return slot;
}

void EventLoop::give_back(Slot slot, Descriptor fd) {
  const Watch& watch = watches_[slot];
  APPD_CHECK(watch.sink != nullptr, slot);
  if (watch.interest != Interest::kNone) {
    backend_.poller->remove(fd, watch.interest);
  }
  watches_.release(slot);
}

Result<void> EventLoop::set_interest(Slot slot, Descriptor fd, Interest interest) {
  Watch& watch = watches_[slot];
  if (interest == watch.interest) return {};
  Poller& poller = *backend_.poller;
  const Token token{slot, watch.generation};
  Result<void> done;
  if (interest == Interest::kNone) {
    poller.remove(fd, watch.interest);
  } else if (watch.interest == Interest::kNone) {
    done = poller.add(fd, interest, token);
  } else {
    done = poller.modify(fd, watch.interest, interest, token);
  }
  if (done) watch.interest = interest;
  return done;
}

void EventLoop::schedule(Slot slot) {
  Watch& watch = watches_[slot];
  if (watch.scheduled) return;
  scheduled_.push_back({slot, watch.generation});
  watch.scheduled = true;
}

std::optional<Duration> EventLoop::time_to_wait(std::optional<Duration> max_wait) const {
  if (!scheduled_.empty() || !retired_.empty() || !after_timers_.empty() || !turn_end_.empty() ||
      has_posted_.load(std::memory_order_acquire) || stopping_.load(std::memory_order_acquire)) {
    return Duration::zero();
  }
  const auto deadline = timers_.next_deadline();
  if (!deadline) return max_wait;
  const Duration until = std::max(Duration::zero(), *deadline - backend_.clock->now());
  return max_wait ? std::min(*max_wait, until) : until;
}

void EventLoop::dispatch(Token token, Ready ready) {
  const Watch* const watch = watches_.find(token.index, token.generation);
  if (watch == nullptr || watch->sink == nullptr) return;
  watch->sink->on_ready(ready);
}

void EventLoop::dispatch_scheduled() {
  if (scheduled_.empty()) return;
  scheduled_now_.swap(scheduled_);
  for (const Token token : scheduled_now_) {
    Watch* const watch = watches_.find(token.index, token.generation);
    if (watch == nullptr) continue;
    watch->scheduled = false;
    watch->sink->on_ready({.readable = true});
  }
  scheduled_now_.clear();
}

bool EventLoop::enqueue(std::unique_ptr<Posted> posted) {
  bool first = false;
  {
    const std::lock_guard lock(posted_mutex_);
    if (posted_.size() >= kMaxPosted) return false;
    first = posted_.empty();
    posted_.push_back(std::move(posted));
    has_posted_.store(true, std::memory_order_release);
  }
  // Only the first of a batch needs to wake the loop: run_posted() takes all that is there.
  if (first) wake();
  return true;
}

void EventLoop::run_posted() {
  if (!has_posted_.load(std::memory_order_acquire)) return;
  {
    const std::lock_guard lock(posted_mutex_);
    posted_now_.swap(posted_);
    has_posted_.store(false, std::memory_order_release);
  }
  for (auto& posted : posted_now_) {
    posted->run();
    posted.reset();
  }
  posted_now_.clear();
}

void EventLoop::retire(std::unique_ptr<Retirable, Retirable::Disposer> object) {
  Retirable* const dying = object.release();
  retired_.emplace_back(dying);
}

// A destructor may retire further objects.
void EventLoop::destroy_retired() {
  for (std::size_t i = 0; i < retired_.size(); ++i) {
    const auto dying = std::move(retired_[i]);
  }
  retired_.clear();
}

}  // namespace appd::reactor
