#include "servers/session.h"

#include <new>
#include <utility>
#include <vector>

#include "reactor/planted.h"

namespace appd::servers {

using reactor::PlantedBug;

namespace {

// Reads of one session when the drain begins: what lies in its receive buffer, as far as usual
// buffers go (6 MiB), without letting one peer that goes on sending hold the others up.
constexpr int kDrainReads = 128;

// How soon a draining session looks again for what the budget did not let it read.
constexpr auto kDrainRetry = std::chrono::milliseconds(10);

// How often a session that does not read looks for its peer's end.
constexpr auto kLookForEnd = std::chrono::seconds(1);

}  // namespace

Session::Session(SessionContext& context, Seat seat, reactor::AnyTransport transport,
                 Awaiting first)
    : connection_(context, std::move(transport), *this),
      seat_(seat),
      number_(context.next_number & ((std::uint64_t{1} << 48) - 1)),
      awaiting_(first) {
  context.next_number += context.number_step;
}

void Session::dispose() noexcept {
  SessionOwner& owner = context().owner;
  const Seat seat = seat_;
  this->~Session();
  owner.free_seat(seat);
}

void Session::start() {
  await(awaiting_);
  if (tells_life()) {
    tell("accepted", {{"peer", connection_.transport().peer_endpoint().to_string()}});
  }
  connection_.start();
}

void Session::refuse(protocol::Status status, std::string_view text) {
  refuse({.status = status, .text = text});
}

void Session::refuse(const Refusal& refusal) {
  if (!connection_.open()) return;
  if (refuse_in_turn(refusal)) return;  // counted when it is sent
  context().metrics.add(Counter::kErrorReplies);
  send_error(refusal);
  if (tells_life()) {
    tell("closing", {{"status", protocol::status_name(refusal.status)}, {"why", refusal.text}});
  }
  connection_.close();
}

void Session::fail_message(const protocol::Error& error, const protocol::MessageHeader& header) {
  const protocol::Status status = protocol::status_of(error);
  if (status == protocol::Status::kContentTooLarge) {
    context().metrics.add(Counter::kContentTooLarge);
  }
  refuse({.status = status, .text = error.message, .header = &header});
}

void Session::drain() {
  const int reads = reactor::planted(PlantedBug::kDrainTooEarly) ? 0 : kDrainReads;
  for (int i = 0; i < reads && connection_.open() && connection_.read_now(); ++i) {
  }
  if (!connection_.open() || !between_messages()) return;
  if (connection_.stopped_by_budget()) {  // what has arrived cannot be read yet
    connection_.set_deadline(context().loop.now() + kDrainRetry);
  } else {
    connection_.close();
  }
}

void Session::cut() { connection_.abort(std::make_error_code(std::errc::operation_canceled)); }

void Session::report_unanswered(DrainReport& report) {
  if (!connection_.open()) return;
  report_pending(report);
  if (message_under_way_ || connection_.unsent_bytes() > 0) report.add_cut(action_name());
}

void Session::set_answers_pending(bool pending) {
  if (answers_pending_ == pending) return;
  answers_pending_ = pending;
  if (pending || !connection_.open()) return;
  if (peer_ended_) {
    if (tells_life()) tell("closing", {{"why", "peer's end"}});
    connection_.close();
  } else if (awaiting_ == Awaiting::kAnswers) {
    await(Awaiting::kNextMessage);
  }
}

void Session::await(Awaiting what) {
  const Awaiting before = awaiting_;
  awaiting_ = what;
  const reactor::TimePoint now = context().loop.now();
  if (what == Awaiting::kHeader || what == Awaiting::kContent) {
    if (!message_under_way_) message_began_ = now;
    message_under_way_ = true;
    if (what == Awaiting::kContent) {
      connection_.set_deadline(message_began_ + context().limits.request_timeout);
    } else if (before != Awaiting::kFirstMessage && before != Awaiting::kHeader) {
      connection_.set_deadline(message_began_ + context().limits.header_timeout);
    }  // else the time of this header runs already: the first one's since the accept
    return;
  }
  message_under_way_ = false;
  if (answers_pending_) {
    awaiting_ = Awaiting::kAnswers;
    connection_.clear_deadline();
    return;
  }
  if (reactor::planted(PlantedBug::kTimerNotCancelled) && connection_.has_deadline()) return;
  if (what == Awaiting::kDrained) {
    connection_.clear_deadline();
  } else if (context().draining && connection_.above_high_watermark()) {
    connection_.clear_deadline();  // on_drained() comes first
  } else if (context().draining) {
    connection_.set_deadline(now);  // back to drain(), outside of this callback
  } else if (what == Awaiting::kFirstMessage) {
    connection_.set_deadline(now + context().limits.header_timeout);
  } else if (reactor::planted(PlantedBug::kNoIdleTimeout)) {
    connection_.clear_deadline();
  } else {
    connection_.set_deadline(now + context().limits.idle_timeout);
  }
}

reactor::TimePoint Session::message_began() const {
  return message_under_way_ ? message_began_ : context().loop.now();
}

bool Session::between_messages() const {
  return (awaiting_ == Awaiting::kFirstMessage || awaiting_ == Awaiting::kNextMessage) &&
         !connection_.above_high_watermark();
}

void Session::on_deadline() {
  try {
    end_wait();
  } catch (const std::bad_alloc&) {  // not enough memory for a reply
    cut();
  }
}

void Session::end_wait() {
  if (context().draining && between_messages()) {
    drain();
    return;
  }
  switch (awaiting_) {
    case Awaiting::kNextMessage:
      if (connection_.unsent_bytes() > 0) {  // a slow reader is the write time-out's business
        await(Awaiting::kNextMessage);
        break;
      }
      context().metrics.add(Counter::kIdleTimeout);
      if (tells_life()) tell("closing", {{"why", "idle"}});
      connection_.close();
      break;
    case Awaiting::kFirstMessage:
    case Awaiting::kHeader:
      time_out(Counter::kHeaderTimeout, "the header of a message was not complete in time");
      break;
    case Awaiting::kContent:
      time_out(Counter::kRequestTimeout, "the message was not complete in time");
      break;
    case Awaiting::kAnswers:
      if (!peer_ended_ && !end_found_) {
        look_for_end();
        break;
      }
      if (works_on_answer()) {  // it takes what its bytes take, and who sent them may wait for that
        connection_.set_deadline(context().loop.now() + context().limits.half_close_grace);
        break;
      }
      // The peer ended, and half_close_grace is over.
      if (tells_life()) tell("closing", {{"why", "peer left before its answers"}});
      cut();
      break;
    case Awaiting::kDrained:
      break;
  }
}

void Session::time_out(Counter counter, std::string_view text) {
  context().metrics.add(counter);
  refuse(protocol::Status::kTimeout, text);
}

// What was found may be found again: an answer that went out meanwhile shows that the peer, with
// its sending side shut, may still be there.
void Session::look_for_end() {
  end_found_ = connection_.transport().peer_ended();
  const reactor::TimePoint now = context().loop.now();
  connection_.set_deadline(now + (end_found_ ? context().limits.half_close_grace : kLookForEnd));
}

void Session::on_end() {
  if (answers_pending_) {
    peer_ended_ = true;
    message_under_way_ = false;
    awaiting_ = Awaiting::kAnswers;
    connection_.set_deadline(context().loop.now() + context().limits.half_close_grace);
    return;
  }
  if (tells_life()) {
    tell("closing", {{"why", message_under_way_ ? "peer left within a message" : "peer's end"}});
  }
  connection_.close();
}

void Session::on_drained() {
  if (connection_.kept_bytes() > 0) return;  // on_bytes() follows
  if (peer_ended_) return;
  await(message_under_way_ ? Awaiting::kContent : Awaiting::kNextMessage);
}

void Session::on_reading_stopped(StopReason reason) {
  if (reason == StopReason::kHighWatermark) {
    context().metrics.add(Counter::kWatermark);
    return;
  }
  if (reason == StopReason::kBudget) context().metrics.add(Counter::kBudget);
  tell_budget();
  if (reason == StopReason::kOverdrawn) {
    refuse(protocol::Status::kOverloaded,
           "the memory for messages under way is used up; try again later");
  }
}

// One line a second, whichever loop writes it.
void Session::tell_budget() {
  reactor::BufferBudget& budget = *context().options.budget;
  if (!budget.line_due(context().loop.now())) return;
  context().log.write(Level::kWarn, "memory of all sessions used up; not reading from some",
                      {{"stopped", budget.stopped()},
                       {"buffered", budget.used()},
                       {"max_buffered", budget.limit()}});
}

void Session::on_closed(std::error_code reason) {
  on_gone();
  if (reason == std::errc::timed_out) context().metrics.add(Counter::kWriteTimeout);
  if (tells_life()) {
    tell("closed", {{"reason", reason ? reason.message() : std::string("in order")}});
  }
  context().owner.on_session_closed(*this, reason);
}

void Session::tell(std::string_view what, std::initializer_list<Field> fields) {
  std::vector<Field> all{{"connection", number_}};
  all.insert(all.end(), fields.begin(), fields.end());
  context().log.write(Level::kDebug, what, std::span<const Field>(all));
}

}  // namespace appd::servers
