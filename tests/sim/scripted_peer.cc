#include "tests/sim/scripted_peer.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <span>

namespace appd::testing {

using reactor::IoOutcome;
using reactor::TimePoint;
using reactor::sim::SimTransport;
using reactor::sim::Wire;

namespace {

// From a drain's begin, so long it answers what comes over an idle connection (docs/protocol.md 5).
constexpr auto kWaitedFor = std::chrono::milliseconds(20);

}  // namespace

ScriptedPeer::ScriptedPeer(reactor::sim::World& world, const std::string& address,
                           std::uint64_t number, reactor::Endpoint server, Conversation talk,
                           TimePoint begin)
    : world_(world),
      host_(world, {.address = address}),
      number_(number),
      server_(server),
      talk_(std::move(talk)),
      begin_(begin) {
  world_.add(*this);
}

ScriptedPeer::~ScriptedPeer() { world_.remove(*this); }

bool ScriptedPeer::due() const {
  switch (state_) {
    case State::kWaiting:
      return world_.now() >= begin_;
    case State::kConnecting:
      return wire_->established() || wire_->end(Wire::kClient).error;
    case State::kTalking:
      return may_send() || may_read();
    case State::kDone:
      return false;
  }
  return false;
}

std::optional<TimePoint> ScriptedPeer::wakes_at() const {
  if (state_ == State::kWaiting) return begin_;
  if (state_ != State::kTalking) return std::nullopt;
  std::optional<TimePoint> when;
  if (!sending_ended_ && next_send_ > world_.now()) when = next_send_;
  if (next_read_ > world_.now() && (!when || next_read_ < *when)) when = next_read_;
  return when;
}

void ScriptedPeer::turn() {
  if (state_ == State::kWaiting && world_.now() >= begin_) {
    connect();
  } else if (state_ == State::kConnecting && due()) {
    state_ = State::kTalking;
    if (wire_->end(Wire::kClient).error) finish(false);
  } else if (state_ == State::kTalking) {
    talk_on();
  }
}

void ScriptedPeer::connect() {
  jumped_before_ = world_.jumped();
  auto made = host_.connect(server_);
  transport_ = made->release();
  wire_ = dynamic_cast<SimTransport&>(*transport_).wire();
  world_.note("peer " + talk_.kind, number_, wire_->serial());
  state_ = State::kConnecting;
}

void ScriptedPeer::talk_on() {
  if (may_send()) send_some();
  if (state_ == State::kTalking && may_read()) read_some();
}

bool ScriptedPeer::may_send() const {
  if (sending_ended_ || world_.now() < next_send_) return false;
  return sent_ == talk_.bytes.size() || wire_->writable(Wire::kClient);
}

bool ScriptedPeer::may_read() const {
  if (world_.now() < next_read_ || talk_.reading == Conversation::Reading::kNever) return false;
  if (talk_.reading == Conversation::Reading::kBehindSending && !sending_ended_) return false;
  return wire_->readable(Wire::kClient);
}

void ScriptedPeer::send_some() {
  if (sent_ == talk_.bytes.size()) {
    end_sending();
    return;
  }
  std::size_t piece = std::min(talk_.piece_bytes, talk_.bytes.size() - sent_);
  if (talk_.pause_at && sent_ < *talk_.pause_at) piece = std::min(piece, *talk_.pause_at - sent_);
  const auto bytes = std::as_bytes(std::span(talk_.bytes)).subspan(sent_, piece);
  const auto result = transport_->write(bytes, {});
  if (result.outcome == IoOutcome::kError) {
    sending_ended_ = true;  // what came before it is still to be read
    return;
  }
  if (result.outcome == IoOutcome::kBytes) sent_ += result.bytes;
  if (talk_.gap > reactor::Duration::zero()) {
    const auto most = static_cast<std::uint64_t>(talk_.gap.count()) / 1000;
    next_send_ =
        world_.now() + std::chrono::microseconds(most / 2 + world_.random().below(most / 2 + 1));
  }
  if (talk_.pause_at && sent_ == *talk_.pause_at && !std::exchange(paused_, true)) {
    next_send_ = world_.now() + talk_.pause;
  }
}

void ScriptedPeer::end_sending() {
  sending_ended_ = true;
  if (talk_.end == Conversation::End::kHalfClose) {
    (void)transport_->shutdown_write();
  } else if (talk_.end == Conversation::End::kReset) {
    dynamic_cast<SimTransport&>(*transport_).reset();
    finish(false);
  }
}

void ScriptedPeer::read_some() {
  std::array<std::byte, 32 * 1024> room;
  const bool slow = talk_.reading == Conversation::Reading::kSlowly;
  const bool crawls = talk_.reading == Conversation::Reading::kCrawling;
  const auto into = std::span(room).first(crawls ? 600 : slow ? 1500 : room.size());
  if (crawls) next_read_ = world_.now() + std::chrono::milliseconds(world_.random().below(500));
  if (slow) next_read_ = world_.now() + std::chrono::milliseconds(world_.random().below(30));
  const auto result = transport_->read(into);
  if (result.outcome == IoOutcome::kEnd) {
    finish(true);
  } else if (result.outcome == IoOutcome::kError) {
    finish(false);
  } else if (result.outcome == IoOutcome::kBytes) {
    received_.append(reinterpret_cast<const char*>(room.data()), result.bytes);
    match();
  }
}

void ScriptedPeer::match() {
  while (!received_.empty() && !cut_off_ && !done()) {
    if (matched_ == talk_.replies.size()) {
      if (talk_.honest) {
        differs();
      } else {
        received_.clear();  // an attacker's script ends somewhere
      }
      return;
    }
    const Expected& expected = talk_.replies[matched_];
    const bool whole =
        expected.status.empty() ? match_exact(expected.bytes) : match_error(expected.status);
    if (!whole) return;
  }
}

bool ScriptedPeer::match_exact(const std::string& kept) {
  const std::string last = arrived_at_drain_ ? closing(kept) : kept;
  const std::size_t told = std::min({std::size_t{2}, received_.size(), last.size()});
  const bool closes = last != kept && received_.compare(0, told, last, 0, told) == 0;
  const std::string& expected = closes ? last : kept;
  const std::size_t length = std::min(expected.size(), received_.size());
  if (received_.compare(0, length, expected, 0, length) != 0) {
    differs();
    return false;
  }
  if (received_.size() < expected.size()) return false;
  told_last_ = closes || closing(expected) == expected;
  note_reply(expected.size());
  return true;
}

bool ScriptedPeer::match_error(const std::string& status) {
  const auto length = message_length(received_);
  if (!length) return false;
  if (message_status(received_.substr(0, *length)) != status) {
    differs();
    return false;
  }
  told_last_ = true;
  note_reply(*length);
  return true;
}

void ScriptedPeer::note_reply(std::size_t bytes) {
  last_status_ = message_status(received_.substr(0, bytes));
  received_.erase(0, bytes);
  ++matched_;
}

// Not the reply that was due. An error that ends the conversation is allowed where the server has a
// reason: its time or ours is up.
void ScriptedPeer::differs() {
  const auto length = message_length(received_);
  if (!length && received_.size() < 400 && talk_.protocol != protocol::Protocol::kRawEcho) {
    // Perhaps the beginning of one.
    if (!talk_.honest || excused() || arrived_at_drain_) return;
  }
  const std::string status = length ? message_status(received_.substr(0, *length)) : std::string();
  const bool ends = status == "timeout" || status == "shutting_down" || status == "overloaded";
  if (length) last_status_ = status;
  if (status == "overloaded" && may_be_overloaded_) {
    cut_off_ = true;
    return;
  }
  if (ends && (excused() || !talk_.honest || world_.now() >= drain_deadline_)) {
    cut_off_ = true;
    return;
  }
  if (status == "internal" && wire_->missed_memory()) {  // no memory to parse or to answer with
    cut_off_ = true;
    return;
  }
  if (!talk_.honest && (talk_.replies.empty() || !status.empty())) {
    cut_off_ = true;
    return;
  }
  violate("a reply differs from what was asked for; status '" + status + "'");
  finish(false);
}

void ScriptedPeer::finish(bool in_order) {
  if (done()) return;
  state_ = State::kDone;
  ended_in_order_ = in_order;
  world_.note(in_order ? "peer-ended" : "peer-broken", number_, matched_);
  const bool lost = !in_order && crossed();
  if (talk_.honest && !excused() && !lost && !world_.violation()) {
    if (matched_ < owed()) {
      violate("the connection " + std::string(in_order ? "ended" : "broke") + " behind " +
              std::to_string(matched_) + " of " + std::to_string(owed()) + " replies");
    } else if ((must_be_told_ || last_is_from_draining()) && !told_last_) {
      violate("the connection ended behind a reply that said it would go on");
    } else if (!in_order && wire_->established()) {
      violate("the connection was reset behind its last reply");
    }
  }
  transport_.reset();
}

void ScriptedPeer::note_drain(TimePoint deadline) {
  if (done() || arrived_at_drain_) return;
  drain_began_ = world_.now();
  // A connection that the listener does not see yet has not arrived.
  arrived_at_drain_ = wire_ ? wire_->end(Wire::kServer).arrived_bytes : 0;
  must_be_told_ = wire_ && is_told_the_end() && has_unread_request();
  drain_deadline_ = deadline;
}

void ScriptedPeer::note_draining() {
  must_be_told_ = must_be_told_ && has_unread_request();
  if (!done() && wire_ && is_told_the_end()) written_at_draining_ = written_if_settled();
}

bool ScriptedPeer::is_told_the_end() const {
  return talk_.protocol == protocol::Protocol::kApp &&
         talk_.end == Conversation::End::kServerCloses;
}

// Nothing, if a reply is owed or its length is not known.
std::optional<std::uint64_t> ScriptedPeer::written_if_settled() const {
  const auto& server = wire_->end(Wire::kServer);
  std::uint64_t owed_bytes = 0;
  for (std::size_t i = 0; i < talk_.replies.size(); ++i) {
    if (talk_.request_ends[i] > server.read_bytes) break;
    if (!talk_.replies[i].status.empty()) return std::nullopt;
    owed_bytes += talk_.replies[i].bytes.size();
  }
  if (owed_bytes != server.written_bytes) return std::nullopt;
  return owed_bytes;
}

bool ScriptedPeer::last_is_from_draining() const {
  return written_at_draining_ && wire_->end(Wire::kServer).written_bytes > *written_at_draining_;
}

// One that had arrived when the drain began: its reply is one of a draining server.
bool ScriptedPeer::has_unread_request() const {
  const auto& ends = talk_.request_ends;
  const auto next =
      std::upper_bound(ends.begin(), ends.end(), wire_->end(Wire::kServer).read_bytes);
  return next != ends.end() && *next <= *arrived_at_drain_;
}

std::size_t ScriptedPeer::owed() const {
  if (!arrived_at_drain_) return talk_.replies.size();
  const auto& ends = talk_.request_ends;
  return static_cast<std::size_t>(std::upper_bound(ends.begin(), ends.end(), *arrived_at_drain_) -
                                  ends.begin());
}

// It sent something that met a draining server's close of a connection which had been idle: that is
// answered with a reset, which destroys what it has not read. It had not arrived by then, or came
// so late that nobody waited for it any more, between a last look and the close.
bool ScriptedPeer::crossed() const {
  const auto& server = wire_->end(Wire::kServer);
  if (!arrived_at_drain_ || !server.closed) return false;
  return wire_->end(Wire::kClient).written_bytes > server.arrived_bytes ||
         (server.arrived_bytes > server.read_bytes &&
          server.last_arrival > drain_began_ + kWaitedFor);
}

// The world has done something that may end any conversation.
bool ScriptedPeer::excused() const {
  if (wire_ && wire_->struck()) return true;
  if (may_be_overloaded_ && cut_off_) return true;
  if (world_.jumped() != jumped_before_) return true;
  return arrived_at_drain_ && world_.now() >= drain_deadline_;
}

void ScriptedPeer::give_up() {
  if (done()) return;
  state_ = State::kDone;
  transport_.reset();
}

void ScriptedPeer::check_lifetime() const {
  if (!talk_.must_end_within || !wire_ || wire_->accepted_at == TimePoint{}) return;
  if (wire_->end(Wire::kServer).closed) return;
  const auto limit = wire_->accepted_at + *talk_.must_end_within + world_.jumped();
  if (world_.now() > limit) {
    world_.violate("peer " + std::to_string(number_) + " (" + talk_.kind +
                   ") is still there beyond its time limits");
  }
}

void ScriptedPeer::violate(const std::string& what) {
  world_.violate("peer " + std::to_string(number_) + " (" + talk_.kind + ", " +
                 talk_.protocol.name + "): " + what);
}

}  // namespace appd::testing
