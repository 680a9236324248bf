#include "appd/reactor/sim/world.h"

#include <algorithm>

#include "appd/reactor/sim/wire.h"

namespace appd::reactor::sim {
namespace {

// What a turn takes of the world's time, in microseconds.
constexpr std::uint64_t kTurnMin = 2;
constexpr std::uint64_t kTurnMax = 30;
// How long a machine may sleep, in milliseconds.
constexpr std::uint64_t kJumpMin = 500;
constexpr std::uint64_t kJumpMax = 45'000;
// From a refusal of memory to the end of the connection that it hit, which may take a second turn.
constexpr auto kBetweenTurns = std::chrono::milliseconds(10);

}  // namespace

World::World(std::uint64_t seed, Driving driving) : driving_(driving), random_(seed) {}

World::~World() = default;

void World::at(TimePoint when, std::function<void()> event) {
  if (ways.longest.count() == 0 && when <= now()) {
    event();
    return;
  }
  events_.emplace(std::pair(std::max(when, now()), next_event_++), std::move(event));
}

const std::string* World::find_host(const std::string& name) const {
  const auto found = names_.find(name);
  return found == names_.end() ? nullptr : &found->second;
}

void World::remove(Actor& actor) { std::erase(actors_, &actor); }

bool World::step(TimePoint limit) {
  if (random_.chance(faults.time_jump)) jump();
  run_due_events();
  if (Actor* actor = choose_actor()) {
    run_turn(*actor);
    return true;
  }
  TimePoint next = events_.empty() ? TimePoint::max() : events_.begin()->first.first;
  for (const Actor* actor : actors_) {
    next = std::min(next, actor->wakes_at().value_or(TimePoint::max()));
  }
  const bool happens = next != TimePoint::max() && next <= limit;
  if (happens || limit != TimePoint::max()) {
    clock_.now_ = std::max(clock_.now_, std::min(next, limit));
  }
  return happens;
}

bool World::advance_to_next_event(TimePoint limit) {
  if (events_.empty() || events_.begin()->first.first > limit) {
    clock_.now_ = std::max(clock_.now_, limit);
    return false;
  }
  clock_.now_ = std::max(clock_.now_, events_.begin()->first.first);
  run_due_events();
  return true;
}

void World::run_due_events() {
  while (!events_.empty() && events_.begin()->first.first <= now()) {
    auto event = std::move(events_.begin()->second);
    events_.erase(events_.begin());
    event();
  }
}

Actor* World::choose_actor() {
  if (!actors_.empty() && random_.chance(faults.spurious_wakeup)) {
    return actors_[random_.below(actors_.size())];
  }
  due_.clear();
  for (Actor* actor : actors_) {
    if (actor->due()) due_.push_back(actor);
  }
  if (due_.empty()) return nullptr;
  return due_[due_.size() == 1 ? 0 : random_.below(due_.size())];
}

void World::run_turn(Actor& actor) {
  actor.turn();
  refuse_allocation_ = false;
  served_.reset();
  clock_.now_ += std::chrono::microseconds(random_.between(kTurnMin, kTurnMax));
}

bool World::take_refused_allocation() {
  if (!std::exchange(refuse_allocation_, false)) return false;
  if (served_) served_->miss_memory();
  return true;
}

bool World::take_refused_growth() {
  if (!served_ || !served_->take_refused_growth()) return false;
  last_refused_growth_ = now();
  return true;
}

bool World::refused_growth_lately() const { return now() - last_refused_growth_ < kBetweenTurns; }

void World::jump() {
  const Duration far = std::chrono::milliseconds(random_.between(kJumpMin, kJumpMax));
  note("jump", static_cast<std::uint64_t>(far.count()));
  clock_.now_ += far;
  jumped_ += far;
}

void World::violate(std::string what) {
  note("violation");
  if (!violation_) violation_ = std::move(what);
}

}  // namespace appd::reactor::sim
