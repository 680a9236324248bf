// What the calls of a waiting world are going to do, decided by its seed before they are sent: the
// steps of each, and where which cut strikes.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "appd/reactor/clock.h"
#include "appd/reactor/sim/random.h"
#include "tests/sim/waiting/await_points.h"

namespace appd::testing {

// The world's own times.
struct WaitingTimes {
  reactor::Duration grace{};          // half_close_grace
  reactor::Duration drain_timeout{};  // --drain-timeout
  reactor::Duration pool_delay{};     // from submit() to the run of an action's job
};

// The time limit of actions whose name ends in "-limited".
inline constexpr std::chrono::milliseconds kTimeLimit{150};

struct CallPlan {
  struct Step {
    AwaitPoint point = AwaitPoint::kSleep;
    reactor::Duration time{};  // where no cut says how long
    std::optional<std::uint64_t> child =
        {};  // kAction; without one: an action that answers at once
  };
  std::uint64_t number = 0;  // the value of the call, and of its answer
  std::string action;
  std::vector<Step> steps;  // none: an action that answers at once
  std::optional<Cut> cut = {};
  std::size_t cut_step = 0;
  bool strikes = true;  // false: a child, whose caller's plan strikes
  std::optional<std::uint64_t> deadline_ms = {};
  [[nodiscard]] bool limited() const { return action.ends_with("-limited"); }
};

class WaitingPlans {
 public:
  WaitingPlans(reactor::sim::Random& random, const WaitingTimes& times);

  // A new call of a client. Valid as long as the plans.
  [[nodiscard]] const CallPlan& make_call();
  // Of a number that was given.
  [[nodiscard]] const CallPlan& at(std::uint64_t number) const { return plans_.at(number); }
  [[nodiscard]] const WaitingTimes& times() const { return times_; }

  // When a wait that begins `now` is to be over.
  [[nodiscard]] reactor::TimePoint over_at(const CallPlan& plan, std::size_t step,
                                           std::optional<reactor::TimePoint> deadline,
                                           reactor::TimePoint now);

 private:
  [[nodiscard]] CallPlan& add();
  void choose_steps(CallPlan& plan, AwaitPoint point, int depth);
  [[nodiscard]] CallPlan::Step make_step(AwaitPoint point, const CallPlan& parent, bool is_cut,
                                         int depth);
  void choose_deadline(CallPlan& plan, AwaitPoint point);
  [[nodiscard]] reactor::Duration below(reactor::Duration most);

  reactor::sim::Random& random_;
  const WaitingTimes times_;
  const std::optional<Cut> drain_;  // which of the two may be planned: a world drains once
  std::map<std::uint64_t, CallPlan> plans_;
};

}  // namespace appd::testing
