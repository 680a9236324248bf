#include "appd/clients/load/load_run.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "appd/reactor/check.h"

namespace appd::clients {
namespace {

// How often lanes are looked at: so much later than its time a time-out may be found.
constexpr auto kCheckInterval = std::chrono::milliseconds(250);

double to_seconds(reactor::Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

}  // namespace

LoadRun::LoadRun(reactor::EventLoop& loop, const LoadPlan& plan, LoadObserver& observer)
    : loop_(loop),
      plan_(plan),
      observer_(observer),
      context_(plan),
      phase_timer_(reactor::Timer::calling<&LoadRun::on_phase_over>(loop.timers(), *this)),
      check_timer_(reactor::Timer::calling<&LoadRun::on_check>(loop.timers(), *this)),
      send_timer_(reactor::Timer::calling<&LoadRun::send_due>(loop.timers(), *this)) {
  APPD_CHECK(plan.connections > 0 && plan.pipeline > 0 && !(plan.one_shot && plan.pipeline > 1));
}

LoadRun::~LoadRun() = default;

Result<LoadResult> LoadRun::run() {
  loop_.refresh_now();
  for (std::size_t i = 0; i < plan_.connections; ++i) {
    lanes_.push_back(
        std::make_unique<LoadLane>(loop_, context_, static_cast<LoadLaneDelegate&>(*this)));
    if (!plan_.one_shot) lanes_.back()->open();
  }
  if (plan_.one_shot) begin();
  while (phase_ != Phase::kDone) turn();
  for (auto* timer : {&phase_timer_, &check_timer_, &send_timer_}) timer->cancel();
  lanes_.clear();
  if (failure_) return tl::unexpected(std::move(*failure_));
  return std::move(result_);
}

void LoadRun::turn() {
  const bool spin = send_timer_.armed() && send_timer_.deadline() - loop_.now() < plan_.spin;
  if (!spin) {
    loop_.run_once();
    return;
  }
  worked_ = false;
  const reactor::TimePoint before = loop_.now();
  loop_.run_once(reactor::Duration::zero());
  if (!worked_ && phase_ == Phase::kMeasuring) idle_ += loop_.now() - before;
}

// Phases -----------------------------------------------------------------------------------------

void LoadRun::begin() {
  phase_ = Phase::kWarmup;
  window_begin_ = loop_.now() + plan_.warmup;
  if (plan_.open_loop()) {
    schedule_ = LoadSchedule(loop_.now(), plan_.rate, plan_.warmup + plan_.duration);
  }
  if (plan_.warmup > reactor::Duration::zero()) {
    phase_timer_.arm(window_begin_);
  } else {
    begin_window();
  }
  check_timer_.arm(loop_.now() + kCheckInterval);
  for (const auto& lane : lanes_) use_room(*lane);
  if (plan_.open_loop()) send_due();
}

void LoadRun::on_phase_over() {
  if (phase_ == Phase::kWarmup) {
    begin_window();
  } else if (phase_ == Phase::kMeasuring) {
    end_window();
  } else {
    give_up();
  }
}

void LoadRun::begin_window() {
  phase_ = Phase::kMeasuring;
  // An open loop's window is the schedule's, to the nanosecond; a closed loop's is what happened.
  if (!plan_.open_loop()) window_begin_ = loop_.now();
  phase_timer_.arm(window_begin_ + plan_.duration);
  observer_.on_window_begin();
  cpu_at_begin_ = std::clock();
}

void LoadRun::end_window() {
  const std::clock_t cpu = std::clock() - cpu_at_begin_;
  observer_.on_window_end();
  phase_ = Phase::kFinishing;
  result_.window = loop_.now() - window_begin_;
  const double cpu_seconds = static_cast<double>(cpu) / CLOCKS_PER_SEC;
  const double busy_share = (cpu_seconds - to_seconds(idle_)) / to_seconds(result_.window);
  result_.engine_busy = std::clamp(busy_share, 0.0, 1.0);
  phase_timer_.arm(loop_.now() + plan_.timeout);
  finish_if_done();
}

void LoadRun::give_up() {
  for (const auto& lane : lanes_) lane->give_up();
  for (; !schedule_.finished(); schedule_.take()) {
    ++under_way_;
    on_failed(schedule_.due(), 1, Failure::kTimeout, "not even sent before the run's end");
  }
  finish_if_done();
  APPD_CHECK(phase_ == Phase::kDone, under_way_);
}

void LoadRun::finish_if_done() {
  if (phase_ != Phase::kFinishing || under_way_ > 0 || !schedule_.finished()) return;
  phase_ = Phase::kDone;
  // Late replies are no better rate: the window of an open loop ends with the last of them.
  if (plan_.open_loop()) {
    result_.window = std::max(plan_.duration, last_end_ - window_begin_);
  }
}

void LoadRun::on_check() {
  for (const auto& lane : lanes_) lane->check_progress();
  check_timer_.arm(loop_.now() + std::min<reactor::Duration>(kCheckInterval, plan_.timeout));
}

// Requests ---------------------------------------------------------------------------------------

void LoadRun::on_room(LoadLane& lane) {
  worked_ = true;
  if (phase_ == Phase::kOpening) {
    if (++opened_ == plan_.connections) begin();
    return;
  }
  use_room(lane);
  if (plan_.open_loop()) send_due();
  finish_if_done();
}

void LoadRun::on_open_failed(const reactor::Error& error) {
  const bool timed_out = error.code == std::errc::timed_out;
  failure_ = {timed_out ? ClientError::kTimeout : ClientError::kCannotConnect, error.message};
  phase_ = Phase::kDone;
}

void LoadRun::use_room(LoadLane& lane) {
  const std::size_t room = lane.room();
  if (room == 0) return;
  if (plan_.open_loop()) {
    if (!std::exchange(lane.in_queue, true)) roomy_.push_back(&lane);
  } else if (phase_ == Phase::kWarmup || phase_ == Phase::kMeasuring) {
    under_way_ += room;
    lane.send(room, loop_.now());
  }
}

void LoadRun::send_due() {
  while (!schedule_.finished() && schedule_.due() <= loop_.now() && !roomy_.empty()) {
    worked_ = true;
    LoadLane& lane = *roomy_.front();
    roomy_.pop_front();
    lane.in_queue = false;
    if (lane.room() == 0) continue;  // its connection ended meanwhile
    const reactor::TimePoint due = schedule_.due();
    schedule_.take();
    // Late because no lane had room is the server's, not the engine's.
    if (!waiting_for_room_ && due >= window_begin_) result_.lateness.record(loop_.now() - due);
    ++under_way_;
    lane.send(1, due);
    if (lane.room() > 0 && !std::exchange(lane.in_queue, true)) roomy_.push_back(&lane);
    loop_.refresh_now();
  }
  waiting_for_room_ = !schedule_.finished() && schedule_.due() <= loop_.now();
  if (!schedule_.finished() && !waiting_for_room_) send_timer_.arm(schedule_.due());
}

void LoadRun::on_good(reactor::TimePoint begin, std::size_t count) {
  worked_ = true;
  under_way_ -= count;
  if (plan_.open_loop() ? begin >= window_begin_ : phase_ == Phase::kMeasuring) {
    record(begin, count);
    result_.good += count;
  }
  // A lane that has nothing more to do may not come to ask for room again.
  finish_if_done();
}

void LoadRun::on_failed(reactor::TimePoint begin, std::size_t count, Failure how,
                        const std::string& why) {
  worked_ = true;
  under_way_ -= count;
  if (result_.first_error.empty()) result_.first_error = why;
  // Behind its window, too, a closed loop looks for those that never end well.
  const bool late_enough = phase_ == Phase::kMeasuring || phase_ == Phase::kFinishing;
  if (plan_.open_loop() ? begin >= window_begin_ : late_enough) {
    record(begin, count);
    result_.errors += count;
    result_.wrong_replies += how == Failure::kWrongReply ? count : 0;
    result_.broken += how == Failure::kBroken ? count : 0;
    result_.timeouts += how == Failure::kTimeout ? count : 0;
  }
  finish_if_done();
}

void LoadRun::on_fault(const std::string& why) {
  if (result_.first_error.empty()) result_.first_error = why;
  if (phase_ != Phase::kMeasuring && phase_ != Phase::kFinishing) return;
  ++result_.errors;
  ++result_.broken;
}

void LoadRun::record(reactor::TimePoint begin, std::size_t count) {
  last_end_ = loop_.now();
  result_.requests += count;
  result_.latency.record(loop_.now() - begin, count);
}

}  // namespace appd::clients
