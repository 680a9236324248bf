#include "tests/sim/waiting/waiting_plan.h"

#include <algorithm>
#include <array>

namespace appd::testing {

using namespace std::chrono_literals;
using reactor::Duration;
using reactor::TimePoint;

namespace {

constexpr std::uint64_t kFirstNumber = 1'000'000;
constexpr int kMaxPlanDepth = 3;  // of actions that call actions

// More than this many milliseconds go by for the steps before the one with the cut only where the
// world sleeps.
constexpr std::uint64_t kStepMs = 6;
constexpr std::uint64_t kMinDeadlineMs = 40;
constexpr std::uint64_t kMaxDeadlineMs = 200;

bool in_coroutine(AwaitPoint point) { return point <= AwaitPoint::kOffload; }

std::string_view action_for(AwaitPoint point) {
  switch (point) {
    case AwaitPoint::kHeld:
      return "hold";
    case AwaitPoint::kPosted:
      return "post";
    case AwaitPoint::kPool:
      return "block";
    case AwaitPoint::kPoolHeld:
      return "block-and-hold";
    default:
      return "steps";
  }
}

}  // namespace

WaitingPlans::WaitingPlans(reactor::sim::Random& random, const WaitingTimes& times)
    : random_(random),
      times_(times),
      drain_(random.below(3) == 0
                 ? std::optional(random.below(2) == 0 ? Cut::kDrain : Cut::kDrainTimeout)
                 : std::nullopt) {}

Duration WaitingPlans::below(Duration most) {
  const auto us = std::chrono::duration_cast<std::chrono::microseconds>(most).count();
  return std::chrono::microseconds(random_.below(static_cast<std::uint64_t>(us) + 1));
}

CallPlan& WaitingPlans::add() {
  const std::uint64_t number = kFirstNumber + plans_.size();
  CallPlan& plan = plans_[number];
  plan.number = number;
  return plan;
}

const CallPlan& WaitingPlans::make_call() {
  CallPlan& plan = add();
  if (random_.below(8) == 0) {
    plan.action = "echo";
    return plan;
  }
  const auto point = static_cast<AwaitPoint>(random_.below(kAwaitPoints));
  if (random_.below(3) > 0) plan.cut = static_cast<Cut>(random_.below(kCuts));
  const bool drains = plan.cut == Cut::kDrain || plan.cut == Cut::kDrainTimeout;
  if (drains && plan.cut != drain_) plan.cut.reset();
  plan.action = action_for(point);
  if (plan.cut == Cut::kTimeLimit) plan.action += "-limited";
  choose_steps(plan, point, 0);
  choose_deadline(plan, point);
  return plan;
}

// In front of the step with the cut are short ones; behind a wait that ends shortly before the
// deadline there are none.
void WaitingPlans::choose_steps(CallPlan& plan, AwaitPoint point, int depth) {
  if (!in_coroutine(point)) {
    plan.steps.push_back(make_step(point, plan, plan.cut.has_value(), depth));
    return;
  }
  const auto random_point = [this] {
    return static_cast<AwaitPoint>(
        random_.below(static_cast<std::uint64_t>(AwaitPoint::kOffload) + 1));
  };
  plan.cut_step = random_.below(4);
  while (plan.steps.size() < plan.cut_step) {
    plan.steps.push_back(make_step(random_point(), plan, false, depth));
  }
  plan.steps.push_back(make_step(point, plan, plan.cut.has_value(), depth));
  if (plan.cut == Cut::kDeadlineAt || plan.cut == Cut::kDeadlineAfter) return;
  while (random_.below(3) == 0) plan.steps.push_back(make_step(random_point(), plan, false, depth));
}

CallPlan::Step WaitingPlans::make_step(AwaitPoint point, const CallPlan& parent, bool is_cut,
                                       int depth) {
  CallPlan::Step step{.point = point, .time = below(std::chrono::milliseconds(kStepMs))};
  if (point != AwaitPoint::kAction) return step;
  if (!is_cut && (depth == kMaxPlanDepth || random_.below(3) == 0)) return step;
  // Deep enough: the called action waits for something else.
  auto child_point = static_cast<AwaitPoint>(random_.below(kAwaitPoints));
  if (child_point == AwaitPoint::kPool ||
      (child_point == AwaitPoint::kAction && depth == kMaxPlanDepth)) {
    child_point = AwaitPoint::kSleep;
  }
  CallPlan& child = add();
  child.action = action_for(child_point);
  child.strikes = false;
  if (is_cut) child.cut = parent.cut;
  choose_steps(child, child_point, depth + 1);
  step.child = child.number;
  return step;
}

void WaitingPlans::choose_deadline(CallPlan& plan, AwaitPoint point) {
  const bool cuts =
      plan.cut == Cut::kDeadline || plan.cut == Cut::kDeadlineAt || plan.cut == Cut::kDeadlineAfter;
  if (cuts && point == AwaitPoint::kPool) {
    const auto delay = std::chrono::duration_cast<std::chrono::milliseconds>(times_.pool_delay);
    const auto ms = static_cast<std::uint64_t>(delay.count());
    plan.deadline_ms = ms / 2;
    if (plan.cut == Cut::kDeadlineAt) plan.deadline_ms = ms;
    if (plan.cut == Cut::kDeadlineAfter) plan.deadline_ms = ms + 1 + random_.below(20);
  } else if (cuts) {
    plan.deadline_ms = random_.between(kMinDeadlineMs, kMaxDeadlineMs);
  } else if (!plan.cut && random_.below(3) == 0) {
    plan.deadline_ms = 1 + random_.below(kMaxDeadlineMs);  // hits whatever it hits
  }
}

TimePoint WaitingPlans::over_at(const CallPlan& plan, std::size_t step,
                                std::optional<TimePoint> deadline, TimePoint now) {
  const CallPlan::Step& waits = plan.steps[step];
  if (!plan.cut || step != plan.cut_step) return now + waits.time;
  switch (*plan.cut) {
    case Cut::kDeadline:
    case Cut::kTimeLimit:
      return deadline.value_or(now) + 20ms + 50 * waits.time;
    case Cut::kDeadlineAt:
      return std::max(now, deadline.value_or(now));
    case Cut::kDeadlineAfter:
      return std::max(now, deadline.value_or(now) - 1us - waits.time / 2);
    case Cut::kHalfClose:
    case Cut::kDrain:
      return now + 3ms + std::min(times_.grace / 4, 20 * waits.time);
    case Cut::kDrainTimeout:
      return now + times_.drain_timeout + 1s;
    case Cut::kReset:
    case Cut::kClose:
    case Cut::kGrace:
    case Cut::kNoMemory:
    case Cut::kCount:
      break;
  }
  return now + times_.grace + 50ms + 50 * waits.time;
}

}  // namespace appd::testing
