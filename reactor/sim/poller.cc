#include "appd/reactor/sim/poller.h"

#include <algorithm>
#include <cerrno>
#include <stdexcept>

#include "appd/reactor/check.h"

namespace appd::reactor::sim {
namespace {

// Turns in a row with events and without anything done: more than any chance of would-block makes
// likely.
constexpr int kFruitlessTurns = 400;

}  // namespace

SimPoller::~SimPoller() {
  for (const auto& [fd, watch] : watches_) host_.watched(fd, -1);
}

Result<void> SimPoller::add(Descriptor fd, Interest interest, Token token) {
  APPD_CHECK(interest != Interest::kNone, fd);
  if (host_.find(fd) == nullptr) return system_failure(EBADF, "add");
  if (!watches_.emplace(fd, Watch{interest, token}).second) return system_failure(EEXIST, "add");
  host_.watched(fd, +1);
  return {};
}

Result<void> SimPoller::modify(Descriptor fd, Interest from, Interest to, Token token) {
  APPD_CHECK(to != Interest::kNone, fd);
  const auto found = watches_.find(fd);
  if (found == watches_.end()) return system_failure(ENOENT, "modify");
  APPD_CHECK(found->second.interest == from, fd);
  found->second = {to, token};
  return {};
}

void SimPoller::remove(Descriptor fd, Interest interest) {
  const auto found = watches_.find(fd);
  APPD_CHECK(found != watches_.end() && found->second.interest == interest, fd);
  APPD_CHECK(host_.find(fd) != nullptr, fd);
  watches_.erase(found);
  host_.watched(fd, -1);
}

ReadyEvent SimPoller::readiness(Descriptor fd, const Watch& watch) const {
  const Source* source = host_.find(fd);
  if (source == nullptr) return {watch.token, false, false};  // closed: the host has told
  return {watch.token, includes(watch.interest, Interest::kRead) && source->readable(),
          includes(watch.interest, Interest::kWrite) && source->writable()};
}

bool SimPoller::due() const {
  if (!idle_ || woken_.load()) return true;
  if (wakes_at_ && host_.world().now() >= *wakes_at_) return true;
  return std::any_of(watches_.begin(), watches_.end(), [this](const auto& entry) {
    const ReadyEvent event = readiness(entry.first, entry.second);
    return event.readable || event.writable;
  });
}

Result<std::size_t> SimPoller::wait(std::optional<Duration> timeout, std::span<ReadyEvent> events) {
  World& world = host_.world();
  const TimePoint limit = timeout && *timeout < TimePoint::max() - world.now()
                              ? world.now() + std::max(*timeout, Duration::zero())
                              : TimePoint::max();
  std::size_t count = collect(events);
  while (count == 0 && world.moved_by_pollers() && !woken_.load() && world.now() < limit) {
    if (limit == TimePoint::max() && !world.has_events()) {
      throw std::logic_error("a wait without end: nothing is ready, nothing is to come");
    }
    if (!world.advance_to_next_event(limit)) break;
    count = collect(events);
  }
  const bool woken = woken_.exchange(false);
  idle_ = false;
  wakes_at_.reset();
  if (count == 0 && !woken) rest(limit);
  return count;
}

void SimPoller::rest(TimePoint limit) {
  if (limit <= host_.world().now()) return;
  idle_ = true;
  if (limit < TimePoint::max()) wakes_at_ = limit;
}

std::size_t SimPoller::collect(std::span<ReadyEvent> events) {
  World& world = host_.world();
  std::size_t count = 0;
  reported_.clear();
  auto at = watches_.upper_bound(last_reported_);
  for (std::size_t looked = 0; looked < watches_.size() && count < events.size(); ++looked) {
    if (at == watches_.end()) at = watches_.begin();
    const auto& [fd, watch] = *at++;
    ReadyEvent event = readiness(fd, watch);
    if (world.random().chance(world.faults.spurious_wakeup)) report_spurious(event, watch);
    if (!event.readable && !event.writable) continue;
    if (const Source* source = host_.find(fd)) reported_.push_back(source->serial);
    events[count++] = event;
    last_reported_ = fd;
  }
  if (world.random().chance(world.faults.reordered_readiness)) shuffle(events.first(count));
  return count;
}

void SimPoller::report_spurious(ReadyEvent& event, const Watch& watch) {
  event.readable = event.readable || includes(watch.interest, Interest::kRead);
  event.writable = event.writable || includes(watch.interest, Interest::kWrite);
}

void SimPoller::shuffle(std::span<ReadyEvent> events) {
  for (std::size_t i = events.size(); i > 1; --i) {
    std::swap(events[i - 1], events[host_.world().random().below(i)]);
  }
}

bool SimPoller::reported(std::uint64_t serial) const {
  return std::find(reported_.begin(), reported_.end(), serial) != reported_.end();
}

// LoopActor --------------------------------------------------------------------------------------

LoopActor::LoopActor(EventLoop& loop, SimPoller& poller) : loop_(loop), poller_(poller) {
  poller_.host().world().add(*this);
}

LoopActor::~LoopActor() { poller_.host().world().remove(*this); }

void LoopActor::turn() {
  loop_.run_once();
  const std::uint64_t progress = poller_.host().progress();
  if (poller_.idle() || progress != progress_) {
    fruitless_turns_ = 0;
  } else if (++fruitless_turns_ > kFruitlessTurns) {
    poller_.host().world().violate("a loop spins: many turns with events and nothing done");
  }
  progress_ = progress;
}

}  // namespace appd::reactor::sim
