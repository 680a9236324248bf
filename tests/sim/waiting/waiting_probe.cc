#include "tests/sim/waiting/waiting_probe.h"

#include <algorithm>
#include <utility>

namespace appd::testing {

using namespace std::chrono_literals;
using reactor::Duration;
using reactor::TimePoint;

namespace {

// What turns of others take at most.
constexpr Duration kProbeSlack = 20ms;
// A strike comes at once or within this time.
constexpr std::uint64_t kStrikeUs = 2'000;

// Those that somebody has to do.
bool is_struck(Cut cut) {
  return cut != Cut::kDeadline && cut != Cut::kDeadlineAt && cut != Cut::kDeadlineAfter &&
         cut != Cut::kTimeLimit;
}

}  // namespace

// Suspension -------------------------------------------------------------------------------------

Suspension::Suspension(WaitingProbe& probe, WatchedCall& call, std::size_t step,
                       TimePoint not_before)
    : probe_(probe),
      call_(call),
      point_(call.plan->steps[step].point),
      not_before_(not_before),
      planned_(call.plan->cut && call.plan->cut_step == step) {
  probe_.enter(*this);
}

Suspension::~Suspension() {
  if (!waits_) return;
  probe_.leave(*this);
  if (!probe_.world_.violation()) probe_.count_end(*this);
}

void Suspension::over() {
  if (probe_.world_.now() < not_before_) probe_.violate("went on too early", call_);
  failed();
}

void Suspension::failed() {
  probe_.leave(*this);
  if (call_.stopped) probe_.violate("went on although it was stopped", call_);
  if (probe_.overdue(call_)) probe_.violate("went on behind its deadline", call_);
  probe_.count_survival(*this);
}

void Suspension::end_by(Cut cut) {
  probe_.leave(*this);
  probe_.coverage_.add(point_, cut);
}

WaitingProbe::Frame::~Frame() {
  --probe_.frames_;
  if (!done_ && !call_.stopped) probe_.violate("was destroyed without its stop token", call_);
}

// WaitingProbe -----------------------------------------------------------------------------------

void WaitingProbe::violate(std::string_view what, const WatchedCall& call) {
  world_.violate("call " + std::to_string(call.plan->number) + " (" + call.plan->action + ") " +
                 std::string(what));
}

void WaitingProbe::send(std::uint64_t number, const PeerState& peer) {
  WatchedCall& call = calls_[number];
  call.plan = &plans_.at(number);
  call.peer = &peer;
  call.root = number;
}

void WaitingProbe::call(std::uint64_t number, const WatchedCall& parent) {
  WatchedCall& child = calls_[number];
  child.plan = &plans_.at(number);
  child.peer = parent.peer;
  child.root = parent.root;
}

WatchedCall& WaitingProbe::begin(std::uint64_t number, std::optional<TimePoint> deadline) {
  WatchedCall& call = calls_.at(number);
  world_.note("begin " + call.plan->action, number, call.root);
  if (std::exchange(call.begun, true)) violate("was called twice", call);
  call.deadline = deadline;
  call.begun_at = world_.now();
  ++begun_;
  if (call.queued) call.queued->over();
  return call;
}

void WaitingProbe::finish(WatchedCall& call, Said said) {
  world_.note("finish", call.plan->number, call.root);
  if (call.stopped) violate("answers behind its end", call);
  if (std::exchange(call.said, said) != Said::kNothing) violate("answers twice", call);
  call.said_at = world_.now();
}

// The token fires behind an answer, too.
void WaitingProbe::stop(WatchedCall& call) {
  if (call.said != Said::kNothing) return;
  world_.note("stop", call.plan->number, call.root);
  if (std::exchange(call.stopped, true)) violate("was stopped twice", call);
}

void WaitingProbe::enter(Suspension& wait) {
  wait.id_ = ++next_id_;
  waiting_.emplace(wait.id_, &wait);
  world_.note("wait " + std::string(name_of(wait.point_)), wait.call_.plan->number,
              wait.call_.root);
  const CallPlan& plan = *wait.call_.plan;
  if (!wait.planned_ || !plan.strikes || !is_struck(*plan.cut)) return;
  const std::uint64_t delay = world_.random().below(2) * world_.random().below(kStrikeUs);
  world_.after(std::chrono::microseconds(delay),
               [this, id = wait.id_, cut = *plan.cut, root = wait.call_.root] {
                 if (waiting_.contains(id) && !world_.violation()) strike(cut, root);
               });
}

void WaitingProbe::leave(Suspension& wait) {
  wait.waits_ = false;
  waiting_.erase(wait.id_);
}

void WaitingProbe::half_close(const PeerState& peer) {
  for (auto& [id, wait] : waiting_) {
    if (wait->call_.peer == &peer) wait->saw_half_close_ = true;
  }
}

void WaitingProbe::drain() {
  drained_at_ = world_.now();
  for (auto& [id, wait] : waiting_) wait->saw_drain_ = true;
}

bool WaitingProbe::behind_drain_timeout() const {
  return drained_at_ && world_.now() >= *drained_at_ + plans_.times().drain_timeout;
}

void WaitingProbe::count_survival(const Suspension& wait) {
  world_.note("go on", wait.call_.plan->number, wait.call_.root);
  if (wait.saw_half_close_) coverage_.add(wait.point_, Cut::kHalfClose);
  if (wait.saw_drain_) coverage_.add(wait.point_, Cut::kDrain);
  if (!wait.planned_) return;
  const Cut cut = *wait.call_.plan->cut;
  const bool has_deadline = wait.call_.deadline || wait.point_ == AwaitPoint::kPool;
  const bool by_deadline = cut == Cut::kDeadlineAt || cut == Cut::kDeadlineAfter;
  if (has_deadline && by_deadline) coverage_.add(wait.point_, cut);
}

void WaitingProbe::count_end(const Suspension& wait) {
  world_.note("cut off", wait.call_.plan->number, wait.call_.root);
  const auto reason = reason_to_end(wait.call_);
  if (!reason) return;
  const bool tie = wait.planned_ && wait.call_.plan->cut == Cut::kDeadlineAt;
  coverage_.add(wait.point_, reason == Cut::kDeadline && tie ? Cut::kDeadlineAt : *reason);
}

// A time limit counts from the first byte of the request, and may have passed before the call.
bool WaitingProbe::overdue(const WatchedCall& call) const {
  return call.deadline && world_.jumped() == Duration::zero() &&
         world_.now() > std::max(*call.deadline, call.begun_at) + kProbeSlack;
}

// Nothing: the world's doing. A violation: nobody's.
std::optional<Cut> WaitingProbe::reason_to_end(const WatchedCall& call) {
  const PeerState& peer = *call.peer;
  const TimePoint now = world_.now();
  const bool jumped = world_.jumped() > Duration::zero();
  if (call.deadline && now >= *call.deadline) {
    if (overdue(call)) violate("outlived its deadline", call);
    return calls_.at(call.root).plan->limited() ? Cut::kTimeLimit : Cut::kDeadline;
  }
  if (peer.wire && peer.wire->struck() && peer.cut != Cut::kNoMemory) return std::nullopt;
  if (peer.cut == Cut::kHalfClose || peer.cut == Cut::kGrace) {
    if (now >= peer.cut_at + plans_.times().grace) return Cut::kGrace;
  } else if (peer.cut) {
    return peer.cut;
  }
  if (behind_drain_timeout()) return Cut::kDrainTimeout;
  if (!jumped && !work_refused_ && !ended_) violate("was dropped for no reason", call);
  return std::nullopt;
}

void WaitingProbe::end(std::uint64_t late) {
  ended_ = true;
  for (auto& [number, call] : calls_) {
    call.queued.reset();  // what nobody wanted any more when the pool came to it
    if (call.begun && call.said == Said::kNothing && !call.stopped) violate("is forgotten", call);
  }
  if (frames_ != 0) world_.violate(std::to_string(frames_) + " frames of coroutines are left");
  if (!waiting_.empty()) world_.violate("a call waits behind the end of the world");
  if (late < late_ || late > sent_) {
    world_.violate(std::to_string(late) + " late answers were counted, at least " +
                   std::to_string(late_) + " and at most " + std::to_string(sent_) + " were given");
  }
}

}  // namespace appd::testing
