#include "reactor/event_loop.h"

#include <algorithm>

#include "reactor/check.h"
#include "reactor/planted.h"

namespace appd::reactor {

Registration::Registration(Registration&& other) noexcept
    : loop_(std::exchange(other.loop_, nullptr)),
      fd_(std::exchange(other.fd_, kNoDescriptor)),
      token_(other.token_),
      interest_(std::exchange(other.interest_, Interest::kNone)) {}

Registration& Registration::operator=(Registration&& other) noexcept {
  if (this != &other) {
    reset();
    loop_ = std::exchange(other.loop_, nullptr);
    fd_ = std::exchange(other.fd_, kNoDescriptor);
    token_ = other.token_;
    interest_ = std::exchange(other.interest_, Interest::kNone);
  }
  return *this;
}

Result<void> Registration::set_interest(Interest interest) {
  if (interest == interest_) return {};
  Poller& poller = *loop_->backend_.poller;
  Result<void> done;
  if (interest == Interest::kNone) {
    poller.remove(fd_, interest_);
  } else if (interest_ == Interest::kNone) {
    done = poller.add(fd_, interest, token_);
  } else {
    done = poller.modify(fd_, interest_, interest, token_);
  }
  if (done) interest_ = interest;
  return done;
}

void Registration::schedule() {
  auto& slot = loop_->slots_[token_.index];
  if (std::exchange(slot.scheduled, true)) return;
  loop_->scheduled_.push_back(token_);
}

void Registration::reset() {
  if (loop_ == nullptr) return;
  if (interest_ != Interest::kNone && !planted(PlantedBug::kWatchLeft)) {
    loop_->backend_.poller->remove(fd_, interest_);
  }
  loop_->release_slot(token_);
  loop_ = nullptr;
  fd_ = kNoDescriptor;
  interest_ = Interest::kNone;
}

EventLoop::EventLoop(Backend backend)
    : backend_(std::move(backend)),
      now_(backend_.clock->now()),
      events_(kEventsPerTurn),
      read_buffer_(std::make_unique_for_overwrite<std::byte[]>(kReadBufferBytes)) {}

EventLoop::~EventLoop() {
  destroy_retired();
  posted_.clear();
  APPD_CHECK(free_slots_.size() == slots_.size(), slots_.size() - free_slots_.size());
}

void EventLoop::run() {
  while (!stopping_.load(std::memory_order_acquire)) run_once();
  stopping_.store(false, std::memory_order_release);
}

void EventLoop::run_once(std::optional<Duration> max_wait) {
  auto count = backend_.poller->wait(time_to_wait(max_wait), events_);
  APPD_CHECK(count.has_value(), count.error().message);
  now_ = backend_.clock->now();
  for (std::size_t i = 0; i < *count; ++i) {
    dispatch(events_[i].token, {events_[i].readable, events_[i].writable});
  }
  dispatch_scheduled();
  timers_.fire_due(now_);
  run_posted();
  destroy_retired();
}

void EventLoop::stop() {
  stopping_.store(true, std::memory_order_release);
  wake();
}

Registration EventLoop::watch(Descriptor fd, EventSink& sink) {
  if (free_slots_.empty()) {
    // First room for all, so that neither the lines below nor release_slot() can fail half-way.
    if (free_slots_.capacity() <= slots_.size()) free_slots_.reserve(2 * slots_.size() + 1);
    slots_.emplace_back();
    free_slots_.push_back(static_cast<std::uint32_t>(slots_.size() - 1));
  }
  const std::uint32_t index = free_slots_.back();
  free_slots_.pop_back();
  Slot& slot = slots_[index];
  slot.sink = &sink;
  return {*this, fd, Token{index, slot.generation}};
}

void EventLoop::release_slot(Token token) {
  Slot& slot = slots_[token.index];
  APPD_CHECK(slot.generation == token.generation, slot.generation, token.generation);
  slot.sink = nullptr;
  slot.scheduled = false;
  if (!planted(PlantedBug::kSlotReused)) ++slot.generation;
  free_slots_.push_back(token.index);
}

std::optional<Duration> EventLoop::time_to_wait(std::optional<Duration> max_wait) const {
  if (!scheduled_.empty() || !retired_.empty() || has_posted_.load(std::memory_order_acquire) ||
      stopping_.load(std::memory_order_acquire)) {
    return Duration::zero();
  }
  const auto deadline = timers_.next_deadline();
  if (!deadline) return max_wait;
  const Duration until = std::max(Duration::zero(), *deadline - backend_.clock->now());
  return max_wait ? std::min(*max_wait, until) : until;
}

void EventLoop::dispatch(Token token, Ready ready) {
  const Slot& slot = slots_[token.index];
  const bool stale = slot.generation != token.generation && !planted(PlantedBug::kStaleEvent);
  if (stale || slot.sink == nullptr) return;
  slot.sink->on_ready(ready);
}

void EventLoop::dispatch_scheduled() {
  if (scheduled_.empty()) return;
  scheduled_now_.swap(scheduled_);
  for (const Token token : scheduled_now_) {
    Slot& slot = slots_[token.index];
    if (slot.generation != token.generation) continue;
    slot.scheduled = false;
    slot.sink->on_ready({.readable = true});
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
  if (first && !planted(PlantedBug::kLostWakeup)) wake();
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

void EventLoop::destroy_retired() {
  // A destructor may retire further objects.
  while (!retired_.empty()) {
    auto dying = std::move(retired_);
    retired_.clear();
    for (auto& object : dying) object.reset();
  }
}

}  // namespace appd::reactor
