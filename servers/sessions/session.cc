#include "appd/servers/sessions/session.h"

#include <algorithm>
#include <new>
#include <utility>
#include <vector>

#include "appd/protocol/foreign_start.h"
#include "appd/servers/sessions/peer_of.h"

namespace appd::servers {

namespace {

// Of what came in the log.
constexpr std::size_t kShownBytes = 32;

// Reads of one session when the drain begins: what lies in its receive buffer, as far as usual
// buffers go (6 MiB), without letting one peer that goes on sending hold the others up.
constexpr int kDrainReads = 128;

// How soon a draining session looks again: for what the budget did not let it read, for the last
// acknowledgement.
constexpr auto kDrainRetry = std::chrono::milliseconds(10);

// From a drain's begin. A connection that was just made is about to say its request; one that is
// kept open and idle may be about to say its next. The second moment is what an idle connection
// delays the end of the server by.
constexpr auto kFreshMoment = std::chrono::seconds(1);
constexpr auto kKeptMoment = std::chrono::milliseconds(20);

// So long a drain waits for the acknowledgement of what was sent, in order to close at once; TCP
// delays one by 40 ms (tcp(7), TCP_QUICKACK). After it the close is one that lingers.
constexpr auto kAcknowledgedWithin = std::chrono::milliseconds(200);

using protocol::Status;
using reactor::TimePoint;

// When a draining server closes a connection that says nothing more.
TimePoint drain_moment(const Drain& drain, bool fresh) {
  return drain.began + (fresh ? reactor::Duration(kFreshMoment) : kKeptMoment);
}

// One line a second, whichever loop writes it.
void tell_budget(SessionContext& context) {
  reactor::BufferBudget& budget = *context.options.budget;
  if (!budget.line_due(context.loop.now())) return;
  context.log.log.write(logging::Level::kWarn,
                        "memory of all sessions used up; not reading from some",
                        {{"stopped", budget.stopped()},
                         {"buffered", budget.used()},
                         {"max_buffered", budget.limit()}});
}

// Somebody speaks another protocol here: a scanner, or a client with a wrong address.
void log_foreign(SessionLog& log, std::uint64_t number, const reactor::AnyTransport& transport,
                 std::span<const std::byte> bytes) {
  if (!log.log.enabled(logging::Level::kInfo)) return;
  const std::string_view looks_like = protocol::looks_like(bytes);
  log.limited_lines.write(
      logging::Level::kInfo, "what came is no message", looks_like,
      {{"connection", number},
       {"peer", peer_of(transport).address},
       {"looks_like", looks_like.empty() ? "nothing known" : looks_like},
       {"bytes", protocol::shown_bytes(bytes.first(std::min(bytes.size(), kShownBytes)))}});
}

}  // namespace

Session::Session(SessionStart&& start, Awaiting first)
    : connection_(start.context, std::move(start.transport), *this),
      seat_(start.seat),
      number_(start.context.numbers.next & ((std::uint64_t{1} << 47) - 1)),
      awaiting_(first) {
  start.context.numbers.next += start.context.numbers.step;
}

void Session::dispose() noexcept {
  SessionOwner& owner = context().owner;
  const Seat seat = seat_;
  this->~Session();
  owner.free_seat(seat);
}

void Session::start() {
  await(awaiting_);
  fresh_ = true;
  if (tells_life()) {
    tell("accepted", {{"peer", peer_of(connection_.transport()).address}});
  }
  connection_.start();
  on_start();
}

void Session::refuse(Status status, std::string_view text) {
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

void Session::fail_message(const protocol::DecodeError& error, std::span<const std::byte> bytes) {
  const Status status = protocol::status_of(error);
  if (status == Status::kContentTooLarge) {
    context().metrics.add(Counter::kContentTooLarge);
  }
  if (protocol::header_start(bytes) == protocol::HeaderStart::kForeign) {
    log_foreign(context().log, number_, connection_.transport(), bytes);
  }
  refuse({.status = status, .text = error.message, .header = error.header});
}

void Session::drain() {
  for (int i = 0; i < kDrainReads && connection_.open() && connection_.read_now(); ++i) {
  }
  if (!connection_.open() || !between_messages()) return;
  const TimePoint now = context().loop.now();
  const TimePoint moment = drain_moment(context().drain, fresh_);
  if (connection_.stopped_by_budget()) {  // what has arrived cannot be read yet
    connection_.set_deadline(now + kDrainRetry);
  } else if (now < moment) {
    connection_.set_deadline(moment);
  } else if (connection_.close_if_delivered()) {
    if (tells_life()) tell("closing", {{"why", "idle while the server drains"}});
  } else if (now < moment + kAcknowledgedWithin) {
    connection_.set_deadline(now + kDrainRetry);
  } else {
    connection_.close();
  }
}

void Session::cut() { connection_.abort(std::make_error_code(std::errc::operation_canceled)); }

void Session::leave() {
  connection_.discard_input(kDrainReads);
  cut();
}

void Session::end_drain(DrainReport& report) {
  if (!connection_.open()) return;
  if (owes_ != Owes::kNothing) report_cut(report);
  if (message_under_way_ || connection_.unsent_bytes() > 0) report.add_cut(action_name());
  if (between_messages()) {  // nobody has asked for anything that could be refused
    connection_.close();
  } else {
    refuse(Status::kShuttingDown, "the server is shutting down");
  }
}

void Session::set_owes(Owes owes) {
  const Owes before = owes_;
  owes_ = owes;
  if (!connection_.open()) return;
  if (owes == Owes::kNothing && before != Owes::kNothing) {
    if (peer_ended_) {
      if (tells_life()) tell("closing", {{"why", "peer's end"}});
      connection_.close();
      return;
    }
    if (awaiting_ == Awaiting::kAnswers) await(Awaiting::kNextMessage);
  }
  if (owes == Owes::kTooMuch) {
    if (before != Owes::kTooMuch) {
      connection_.pause_reading();
    } else if (end_found_) {
      begin_grace();
    }
  } else if (before == Owes::kTooMuch) {
    if (owes == Owes::kAnswers) await(Awaiting::kDrained);  // no look for the end any more
    end_found_ = false;
    connection_.resume_reading();
  }
}

void Session::await(Awaiting what) {
  const Awaiting before = awaiting_;
  awaiting_ = what;
  fresh_ = false;
  const TimePoint now = context().loop.now();
  if (what == Awaiting::kHeader || what == Awaiting::kContent) {
    if (!message_under_way_) message_began_ = now;
    message_under_way_ = true;
    if (connection_.above_high_watermark()) {  // not read: on_drained() comes first
      connection_.clear_deadline();
    } else if (what == Awaiting::kContent) {
      connection_.set_deadline(message_began_ + context().limits.request_timeout);
    } else if (before != Awaiting::kHeader &&
               (before != Awaiting::kFirstMessage || context().drain.under_way)) {
      connection_.set_deadline(message_began_ + context().limits.header_timeout);
    }  // else the time of this header runs already: the first one's since the accept
    return;
  }
  message_under_way_ = false;
  if (owes_ != Owes::kNothing) {
    awaiting_ = Awaiting::kAnswers;
    connection_.clear_deadline();
    return;
  }
  if (what == Awaiting::kDrained) {
    connection_.clear_deadline();
  } else if (context().drain.under_way && connection_.above_high_watermark()) {
    connection_.clear_deadline();  // on_drained() comes first
  } else if (context().drain.under_way) {
    connection_.set_deadline(now);  // back to drain(), outside of this callback
  } else if (what == Awaiting::kFirstMessage) {
    connection_.set_deadline(now + context().limits.header_timeout);
  } else {
    connection_.set_deadline(now + context().limits.idle_timeout);
  }
}

reactor::Consumed Session::took(std::span<const std::byte> shown, std::size_t bytes,
                                std::size_t wanted) {
  if (bytes > 0) message_done();
  if (bytes == shown.size()) {
    await(Awaiting::kNextMessage);
    return {.bytes = bytes};
  }
  await(Awaiting::kContent);
  return {.bytes = bytes, .wanted = wanted};
}

TimePoint Session::message_began() const {
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
  if (context().drain.under_way && between_messages()) {
    drain();
    return;
  }
  switch (awaiting_) {
    case Awaiting::kNextMessage:
      if (connection_.unsent_bytes() > 0) {  // a slow reader is the write time-out's business
        await(Awaiting::kNextMessage);
        break;
      }
      if (still_takes_replies()) break;
      context().metrics.add(Counter::kIdleTimeout);
      if (tells_life()) tell("closing", {{"why", "idle"}});
      connection_.close();
      break;
    case Awaiting::kFirstMessage:
    case Awaiting::kHeader:
      context().metrics.add(Counter::kHeaderTimeout);
      refuse(Status::kTimeout, "the header of a message was not complete in time");
      break;
    case Awaiting::kContent:
      context().metrics.add(Counter::kRequestTimeout);
      refuse(Status::kTimeout, "the message was not complete in time");
      break;
    case Awaiting::kAnswers:
      // It takes what its bytes take, and who sent them may wait for that.
      if (owes_ != Owes::kNothing && works_on_next()) {
        begin_grace();
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

// The kernel may hold what a slow reader has not taken yet: that is not idleness either.
bool Session::still_takes_replies() {
  const TimePoint now = context().loop.now();
  const reactor::Duration patience = context().limits.write_timeout;
  if (!connection_.progressed_since(now - patience)) return false;
  connection_.set_deadline(now + patience);
  return true;
}

void Session::begin_grace() {
  connection_.set_deadline(context().loop.now() + context().limits.half_close_grace);
}

void Session::on_end_ahead() {
  end_found_ = true;
  begin_grace();
}

void Session::on_end() {
  if (owes_ != Owes::kNothing) {
    peer_ended_ = true;
    message_under_way_ = false;
    awaiting_ = Awaiting::kAnswers;
    begin_grace();
    return;
  }
  if (tells_life()) {
    tell("closing", {{"why", message_under_way_ ? "peer left within a message" : "peer's end"}});
  }
  connection_.close();
}

// The time in which nothing was read is not that of a message which is under way: it begins anew.
void Session::on_drained() {
  if (peer_ended_ || end_found_) return;
  if (message_under_way_) {
    const Limits& limits = context().limits;
    message_began_ = context().loop.now();
    connection_.set_deadline(message_began_ + (awaiting_ == Awaiting::kHeader
                                                   ? limits.header_timeout
                                                   : limits.request_timeout));
  } else if (connection_.kept_bytes() == 0) {  // else on_bytes() follows
    await(Awaiting::kNextMessage);
  }
}

void Session::on_reading_stopped(StopNotice notice) {
  if (notice == StopNotice::kHighWatermark) {
    context().metrics.add(Counter::kWatermark);
    if (message_under_way_) connection_.clear_deadline();
    return;
  }
  if (notice == StopNotice::kBudget) context().metrics.add(Counter::kBudget);
  tell_budget(context());
  if (notice == StopNotice::kOverdrawn) {
    refuse(Status::kOverloaded, "the memory for messages under way is used up; try again later");
  }
}

void Session::on_closed(std::error_code reason) {
  on_gone();
  if (reason == std::errc::timed_out) context().metrics.add(Counter::kWriteTimeout);
  if (tells_life()) {
    tell("closed", {{"reason", reason ? reason.message() : std::string("in order")}});
  }
  context().owner.on_session_closed(*this, reason);
}

void Session::tell(std::string_view what, std::initializer_list<logging::Field> fields) {
  std::vector<logging::Field> all{{"connection", number_}};
  all.insert(all.end(), fields.begin(), fields.end());
  context().log.log.write(logging::Level::kDebug, what, std::span<const logging::Field>(all));
}

}  // namespace appd::servers
