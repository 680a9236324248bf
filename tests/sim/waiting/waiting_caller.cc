#include "tests/sim/waiting/waiting_caller.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "appd/protocol/byte_order.h"

namespace appd::testing {

using namespace std::chrono_literals;
using reactor::IoOutcome;
using reactor::TimePoint;
using reactor::sim::SimTransport;
using reactor::sim::Wire;

namespace {

constexpr std::uint64_t kMaxCalls = 10;
constexpr std::uint64_t kLatestBeginMs = 300;
constexpr std::uint64_t kLatestSendMs = 100;
// What turns of others take at most.
constexpr auto kCallerSlack = 20ms;
constexpr int kQueueLooks = 50;  // a millisecond apart

std::string message(const CallPlan& plan) {
  const std::string value = std::to_string(plan.number);
  const std::string content = R"({"action": ")" + plan.action + R"(", "value": )" + value + "}";
  std::string header = R"({"byteorder": "little", "content-type": "text/json", )"
                       R"("content-encoding": "utf-8", "connection": "keep-alive")";
  if (plan.deadline_ms) header += ", \"deadline-ms\": " + std::to_string(*plan.deadline_ms);
  header += ", \"request-id\": " + value +
            ", \"content-length\": " + std::to_string(content.size()) + "}";
  std::string prefix(2, '\0');
  protocol::store_be16(std::as_writable_bytes(std::span(prefix)),
                       static_cast<std::uint16_t>(header.size()));
  return prefix + header + content;
}

// The text behind `"name": ` up to `end`; empty: there is none.
std::string_view field(std::string_view header, std::string_view name, char end) {
  const auto found = header.find(name);
  if (found == std::string_view::npos) return {};
  const auto value = header.substr(found + name.size());
  return value.substr(0, value.find(end));
}

}  // namespace

WaitingCaller::WaitingCaller(reactor::sim::World& world, WaitingPlans& plans, WaitingProbe& probe,
                             std::uint64_t number, const reactor::Endpoint& server,
                             std::size_t max_pending)
    : world_(world),
      plans_(plans),
      probe_(probe),
      host_(world, {.address = "10.1.0." + std::to_string(number)}),
      number_(number),
      server_(server),
      max_pending_(max_pending) {
  auto& random = world.random();
  begin_ = world.now() + std::chrono::milliseconds(random.below(kLatestBeginMs));
  const bool at_once = random.below(2) == 0;
  TimePoint send_at = begin_;
  for (std::uint64_t i = 1 + random.below(kMaxCalls); i > 0; --i) {
    add_call(send_at);
    if (!at_once) send_at += std::chrono::milliseconds(random.below(kLatestSendMs));
  }
  world_.add(*this);
}

WaitingCaller::~WaitingCaller() { world_.remove(*this); }

void WaitingCaller::add_call(TimePoint send_at) {
  const CallPlan& plan = plans_.make_call();
  probe_.send(plan.number, peer_);
  unsent_.push_back({.number = plan.number, .bytes = message(plan), .send_at = send_at});
}

bool WaitingCaller::sent(std::uint64_t number) const {
  return std::any_of(unanswered_.begin(), unanswered_.end(),
                     [number](const Call& call) { return call.number == number; });
}

bool WaitingCaller::due() const {
  if (state_ == State::kWaiting) return world_.now() >= begin_;
  if (state_ == State::kDone) return false;
  if (peer_.wire->readable(Wire::kClient)) return true;
  return !unsent_.empty() && world_.now() >= unsent_.front().send_at &&
         peer_.wire->writable(Wire::kClient);
}

std::optional<TimePoint> WaitingCaller::wakes_at() const {
  if (state_ == State::kWaiting) return begin_;
  if (state_ == State::kDone || unsent_.empty()) return std::nullopt;
  const TimePoint when = unsent_.front().send_at;
  return when > world_.now() ? std::optional(when) : std::nullopt;
}

void WaitingCaller::turn() {
  if (state_ == State::kWaiting && world_.now() >= begin_) {
    connect();
  } else if (state_ == State::kTalking) {
    send_some();
    receive();
  }
}

void WaitingCaller::connect() {
  transport_ = host_.connect(server_).value().release();
  peer_.wire = dynamic_cast<SimTransport&>(*transport_).wire();
  world_.note("caller", number_, peer_.wire->serial());
  state_ = State::kTalking;
}

// Sending ----------------------------------------------------------------------------------------

void WaitingCaller::send_some() {
  while (!unsent_.empty() && world_.now() >= unsent_.front().send_at) {
    Call& call = unsent_.front();
    const auto rest = std::as_bytes(std::span(call.bytes)).subspan(sent_of_first_);
    const auto result = transport_->write(rest, {});
    if (result.outcome != IoOutcome::kBytes) return;
    if (!call.sent_at) call.sent_at = world_.now();
    sent_of_first_ += result.bytes;
    written_ += result.bytes;
    if (sent_of_first_ < call.bytes.size()) return;
    sent_of_first_ = 0;
    call.end = written_;
    unanswered_.push_back(std::move(call));
    unsent_.pop_front();
    const Call& sent = unanswered_.back();
    const CallPlan& plan = plans_.at(sent.number);
    if (!plan.steps.empty() && plan.steps[0].point == AwaitPoint::kPool) {
      watch_queue(sent.number, sent.end, kQueueLooks);
    }
  }
}

// The job of an action that runs in the pool is seen by nobody before it runs. But when the server
// has read all of its request, and takes requests, it waits in the queue.
void WaitingCaller::watch_queue(std::uint64_t number, std::uint64_t end, int looks) {
  WatchedCall& call = probe_.at(number);
  if (call.begun || state_ != State::kTalking || !sent(number) || world_.violation()) return;
  const bool taken = peer_.wire->end(Wire::kServer).read_bytes >= end;
  if (taken && unanswered_.size() < max_pending_) {
    call.queued = std::make_unique<Suspension>(probe_, call, 0, world_.now());
  } else if (looks > 0) {
    world_.after(1ms, [this, number, end, looks] { watch_queue(number, end, looks - 1); });
  }
}

void WaitingCaller::stop_sending() {
  unsent_.clear();
  sent_of_first_ = 0;
}

void WaitingCaller::strike(Cut cut) {
  if (state_ != State::kTalking || peer_.cut || cut == Cut::kDrain || cut == Cut::kDrainTimeout) {
    return;
  }
  world_.note("strike " + std::string(name_of(cut)), number_, peer_.wire->serial());
  peer_.cut = cut;
  peer_.cut_at = world_.now();
  if (cut == Cut::kHalfClose || cut == Cut::kGrace) {
    stop_sending();
    (void)transport_->shutdown_write();
    probe_.half_close(peer_);
  } else if (cut == Cut::kNoMemory) {
    peer_.wire->refuse_memory();
    constexpr std::byte kByte{0};
    if (unsent_.empty()) (void)transport_->write({&kByte, 1}, {});
  } else {
    if (cut == Cut::kReset) dynamic_cast<SimTransport&>(*transport_).reset();
    finish();
  }
}

// Receiving --------------------------------------------------------------------------------------

void WaitingCaller::receive() {
  std::array<std::byte, 4096> buffer;
  const auto read = transport_->read(buffer);
  if (read.outcome == IoOutcome::kWouldBlock) return;
  if (read.outcome != IoOutcome::kBytes) {
    check_end();
    finish();
    return;
  }
  received_.append(reinterpret_cast<const char*>(buffer.data()), read.bytes);
  while (const auto reply = state_ == State::kTalking ? next_reply() : std::nullopt) {
    take_reply(*reply);
    received_.erase(0, reply->bytes);
  }
  if (state_ == State::kTalking && received_.empty() && unanswered_.empty() && unsent_.empty()) {
    finish();
  }
}

std::optional<WaitingCaller::Received> WaitingCaller::next_reply() const {
  if (received_.size() < 2) return std::nullopt;
  const std::string_view all = received_;
  const std::size_t header_bytes =
      protocol::load_be16(std::as_bytes(std::span(received_)).first<2>());
  if (all.size() < 2 + header_bytes) return std::nullopt;
  const std::string_view header = all.substr(2, header_bytes);
  const std::size_t length =
      std::stoul("0" + std::string(field(header, "\"content-length\": ", '\0')));
  const std::size_t total = 2 + header_bytes + length;
  if (all.size() < total) return std::nullopt;
  const auto id = field(header, "\"request-id\": ", ',');
  return Received{.id = id,
                  .status = field(header, "\"status\": \"", '"'),
                  .content = all.substr(2 + header_bytes, length),
                  .bytes = total};
}

void WaitingCaller::take_reply(const Received& reply) {
  ++replies_;
  if (ends_message(reply)) {
    finish();
    return;
  }
  if (unanswered_.empty()) {
    violate("got more than it asked for");
    return;
  }
  const Call call = std::move(unanswered_.front());
  unanswered_.pop_front();
  if (reply.id != std::to_string(call.number)) {
    violate("got the reply to " + std::string(reply.id) + " for " + std::to_string(call.number));
    return;
  }
  WatchedCall& watched = probe_.at(call.number);
  const CallPlan& plan = *watched.plan;
  world_.note("reply " + std::string(reply.status), call.number, peer_.wire->serial());
  if (reply.status == "ok") {
    const bool right = reply.content == "{\"result\": " + std::to_string(call.number) + "}";
    if (!right || (watched.said == Said::kNothing && !plan.steps.empty())) {
      violate("got a result that is not its own for " + std::to_string(call.number));
    }
    return;
  }
  if (watched.said == Said::kAnswer || !may_fail_with(reply.status, call, watched)) {
    violate("got " + std::string(reply.status) + " for " + std::to_string(call.number) + ": " +
            std::string(reply.content));
  }
  if (watched.queued && !watched.begun && reply.status == "deadline_exceeded") end_queued(watched);
  if (reply.status == "overloaded" || reply.status == "shutting_down") finish();
}

// What a request that is on the way may be told, in the middle of it.
bool WaitingCaller::ends_message(const Received& reply) const {
  if (reply.status == "timeout") return world_.jumped() > reactor::Duration::zero();
  return reply.status == "shutting_down" && reply.id.empty() && probe_.behind_drain_timeout();
}

void WaitingCaller::end_queued(WatchedCall& call) {
  const Cut planned = call.plan->cut.value_or(Cut::kDeadline);
  const bool at = planned == Cut::kDeadlineAt;
  call.queued->end_by(call.plan->limited() ? Cut::kTimeLimit : at ? planned : Cut::kDeadline);
}

bool WaitingCaller::may_fail_with(std::string_view status, const Call& call,
                                  const WatchedCall& watched) const {
  const CallPlan& plan = *watched.plan;
  if (status == "deadline_exceeded") {
    if (!plan.limited() && !plan.deadline_ms) return false;
    const TimePoint deadline =
        *call.sent_at +
        (plan.limited() ? kTimeLimit : std::chrono::milliseconds(*plan.deadline_ms));
    const bool overtaken =
        watched.said != Said::kSent || deadline <= watched.said_at + kCallerSlack;
    return world_.now() >= deadline && overtaken;
  }
  if (status == "overloaded") return probe_.work_refused();
  if (status == "internal") return peer_.wire->missed_memory();
  return status == "shutting_down" && probe_.behind_drain_timeout();
}

// The connection has ended. Who is owed an answer then, and did nothing, nor was struck, has a
// complaint.
void WaitingCaller::check_end() {
  if (unanswered_.empty() && unsent_.empty()) return;
  const bool struck = peer_.wire->struck() || world_.jumped() > reactor::Duration::zero();
  if (struck || probe_.work_refused() || peer_.cut == Cut::kNoMemory) return;
  const bool ended = peer_.cut == Cut::kHalfClose || peer_.cut == Cut::kGrace;
  if (ended && world_.now() >= peer_.cut_at + plans_.times().grace) return;
  if (probe_.behind_drain_timeout()) return;
  if (!probe_.drained_at() && !ended) {
    violate("was left with calls unanswered");
  }
  for (const Call& call : unanswered_) {
    if (probe_.at(call.number).begun) {
      violate("was left without the answer to " + std::to_string(call.number));
    }
  }
}

void WaitingCaller::finish() {
  state_ = State::kDone;
  stop_sending();
  unanswered_.clear();
  transport_.reset();
}

void WaitingCaller::violate(const std::string& what) {
  world_.violate("caller " + std::to_string(number_) + " " + what);
}

}  // namespace appd::testing
