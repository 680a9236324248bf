#include "tests/fuzz/support/far_end.h"

#include <array>
#include <span>
#include <utility>

#include "appd/reactor/check.h"

namespace appd::fuzz {
namespace {

using namespace std::chrono_literals;
using reactor::IoOutcome;
using reactor::TimePoint;
using reactor::sim::PerMillion;
using reactor::sim::SimTransport;
using reactor::sim::Wire;
using reactor::sim::World;

// kMaxStreamBytes single bytes, each with a way and a gap of its own, take less than the linger
// time-out, which is the shortest of a session's.
constexpr reactor::sim::Ways kShortWays{.shortest = 5us, .longest = 100us, .delay = 200us};
// Longer than all but a delayed way.
constexpr auto kGap = 200us;
// How long a far end that reads late goes without being able to send.
constexpr auto kPatience = 1s;
// More than any conversation needs, by far.
constexpr std::uint64_t kMaxSteps = 2'000'000;

}  // namespace

WorldChoice take_world(FuzzInput& input) {
  constexpr std::array<PerMillion, 4> kOften{30'000, 150'000, 400'000, 700'000};
  WorldChoice choice;
  choice.ways = kShortWays;
  choice.seed = input.take_byte();
  choice.seed = choice.seed << 8 | input.take_byte();
  const std::uint8_t harmless = input.take_byte();
  const std::uint8_t hurting = input.take_byte();
  const PerMillion often = kOften[hurting >> 6];
  const auto chosen = [often](std::uint8_t bits, int bit) {
    return (bits >> bit & 1) != 0 ? often : PerMillion{0};
  };
  auto& faults = choice.faults;
  faults.short_read = chosen(harmless, 0);
  faults.short_write = chosen(harmless, 1);
  faults.would_block = chosen(harmless, 2);
  faults.delayed_delivery = chosen(harmless, 3);
  faults.delayed_accept = chosen(harmless, 4);
  faults.spurious_wakeup = faults.reordered_readiness = chosen(harmless, 5);
  faults.descriptors_exhausted = chosen(harmless, 6);
  faults.no_buffers = chosen(harmless, 7);
  faults.reset = chosen(hurting, 0);
  faults.connect_refused = chosen(hurting, 1);
  faults.accept_aborted = chosen(hurting, 2);
  faults.allocation_refused = chosen(hurting, 3);
  faults.time_jump = chosen(hurting, 4) / 1000;  // of a step, of which there are many
  return choice;
}

void apply(const WorldChoice& choice, World& world) {
  world.faults = choice.faults;
  world.ways = choice.ways;
  world.trace().stop();
}

void run_world(World& world, const std::function<bool()>& done) {
  for (std::uint64_t steps = 0; !done(); ++steps) {
    const bool goes_on = world.step();
    APPD_CHECK(!world.violation(), *world.violation());
    APPD_CHECK(goes_on || done(), "the world stands still");
    APPD_CHECK(steps < kMaxSteps, "the world does not come to an end");
  }
}

FarEnd::FarEnd(World& world, std::unique_ptr<reactor::Transport> transport, Wire::Side side,
               const Plan& plan)
    : world_(world),
      transport_(std::move(transport)),
      wire_(dynamic_cast<SimTransport&>(*transport_).wire()),
      side_(side),
      plan_(plan),
      pieces_(plan.slicing),
      rest_(plan.stream),
      last_sent_(world.now()),
      reads_(!plan.reads_late) {
  world_.add(*this);
}

FarEnd::~FarEnd() { world_.remove(*this); }

bool FarEnd::may_send() const {
  if (sending_ended_) return false;
  if (piece_.empty() && !plan_.hurries && world_.now() < last_sent_ + kGap) return false;
  if (all_sent()) return wire_->established() || wire_->end(side_).error;
  return wire_->writable(side_);
}

bool FarEnd::reads() const {
  return reads_ || sending_ended_ || world_.now() >= last_sent_ + kPatience;
}

std::optional<TimePoint> FarEnd::wakes_at() const {
  if (done() || sending_ended_) return std::nullopt;
  if (world_.now() < last_sent_ + kGap) return last_sent_ + kGap;
  return reads() ? std::nullopt : std::optional(last_sent_ + kPatience);
}

void FarEnd::turn() {
  if (done()) return;
  reads_ = reads();
  if (may_send()) send_some();
  if (!done() && may_read()) read_all();
}

void FarEnd::send_some() {
  if (all_sent()) {
    end_sending();
    return;
  }
  if (piece_.empty()) piece_ = pieces_.take(rest_);
  const auto result = transport_->write(as_bytes(piece_), {});
  if (result.outcome == IoOutcome::kWouldBlock) return;
  last_sent_ = world_.now();
  if (result.outcome == IoOutcome::kError) {  // nobody will ever read it; what came is to be read
    piece_ = rest_ = {};
    end_sending();
    return;
  }
  piece_.remove_prefix(result.bytes);
}

void FarEnd::end_sending() {
  sending_ended_ = true;
  switch (plan_.end) {
    case End::kFinish:
      (void)transport_->shutdown_write();
      break;
    case End::kStay:
      break;
    case End::kReset:
      dynamic_cast<SimTransport&>(*transport_).reset();
      left_ = true;
      break;
    case End::kLeave:
      leave();
      break;
  }
}

void FarEnd::leave() {
  left_ = true;
  transport_.reset();
}

void FarEnd::read_all() {
  std::byte room[4096];
  while (!ended_ && !broken_) {
    const auto result = transport_->read(room);
    if (result.outcome == IoOutcome::kWouldBlock) break;
    if (result.outcome == IoOutcome::kEnd) ended_ = true;
    if (result.outcome == IoOutcome::kError) broken_ = true;
    received_.append(reinterpret_cast<const char*>(room), result.bytes);
  }
}

}  // namespace appd::fuzz
