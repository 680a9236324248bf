#include "servers/app_session.h"

#include <new>
#include <utility>

#include "handlers/failure.h"
#include "servers/printable_text.h"
#include "servers/reply.h"

namespace appd::servers {

using protocol::DecodeEvent;
using protocol::Status;

namespace {

handlers::Peer peer_of(const reactor::Endpoint& endpoint) {
  handlers::Peer peer;
  peer.address = on_one_line(endpoint.to_string());  // a path may be any bytes
  peer.host = endpoint.family() == AF_UNIX ? "unix" : endpoint.host();
  if (peer.host.empty()) peer.host = peer.address;
  return peer;
}

}  // namespace

AppSession::AppSession(SessionContext& context, SessionId id,
                       std::unique_ptr<reactor::Transport> transport)
    : Session(context, id, std::move(transport), Awaiting::kFirstMessage),
      decoder_(context.decode, context.decode_limits) {}

bool AppSession::has_room() {
  return queue_->size() < context().limits.max_pending_calls &&
         queue_->held_bytes() < context().limits.write_high_watermark;
}

bool AppSession::takes_requests() {
  return connection().open() && !connection().above_high_watermark() &&
         (queue_ == nullptr || (!last_request_taken_ && has_room()));
}

reactor::Consumed AppSession::on_bytes(std::span<const std::byte> bytes) {
  std::size_t taken = 0;
  while (takes_requests()) {
    const std::span<const std::byte> rest = bytes.subspan(taken);
    if (rest.empty()) {
      await(Awaiting::kNextMessage);
      return {.bytes = taken};
    }
    const auto event = decoder_.next(rest);
    if (!event) {
      fail_message(event.error());
      break;
    }
    if (event->kind == DecodeEvent::Kind::kNeedMore) {
      await(decoder_.awaits_content() ? Awaiting::kContent : Awaiting::kHeader);
      return {.bytes = taken, .wanted = event->bytes};
    }
    taken += event->bytes;
    answer(decoder_.header(), event->content);
    message_done();
  }
  await(Awaiting::kDrained);
  if (queue_ == nullptr) return {.bytes = taken};
  if (last_request_taken_) return {.bytes = bytes.size()};  // only the peer's end is still news
  if (!has_room()) {
    context().metrics.add(Counter::kPendingLimit);
    reading_paused_ = true;
    connection().pause_reading();
    look_for_end();
  }
  return {.bytes = taken};
}

void AppSession::answer(const protocol::MessageHeader& header, std::span<const std::byte> content) {
  context().metrics.add(Counter::kRequests);
  const handlers::Reply* reply = reply_to(header, content);
  const std::string_view action = context().dispatcher.last_action();
  if (tells_life()) {
    tell("received request",
         {{"action", action}, {"content_type", header.content_type}, {"bytes", content.size()}});
  }
  if (reply == nullptr) return;
  if (queue_ != nullptr) {
    queue({.reply = *reply,
           .answered = true,
           .held_bytes = reply->content().size(),
           .extended = header.extended(),
           .keep_alive = header.keep_alive && !protocol::closes_connection(reply->status()),
           .request_id = std::string(header.request_id),
           .action = std::string(action)});
    return;
  }
  send(header, header.extended(), header.keep_alive, action, *reply);
}

void AppSession::send(const protocol::MessageHeader& header, bool extended, bool asked_to_stay,
                      std::string_view action, const handlers::Reply& reply) {
  if (reply.status() != Status::kOk) context().metrics.add(Counter::kErrorReplies);
  if (reply.status() == Status::kInternal) log_internal_error(action, reply.detail());
  if (context().draining) context().drain_report.add_answered(action);
  const bool keep_alive = asked_to_stay && !protocol::closes_connection(reply.status());
  if (tells_life()) {
    tell("sending",
         {{"status", protocol::status_name(reply.status())}, {"bytes", reply.content().size()}});
  }
  send_reply(context(), connection(), header, extended, keep_alive, reply);
  if (keep_alive) return;
  if (tells_life()) tell("closing");
  connection().close();
}

const handlers::Reply* AppSession::reply_to(const protocol::MessageHeader& header,
                                            std::span<const std::byte> content) {
  if (header.deadline && context().loop.now() >= message_began() + *header.deadline) {
    handlers::Reply& late = context().error_reply;
    late.set_error(Status::kDeadlineExceeded,
                   "the deadline of " + std::to_string(header.deadline->count()) +
                       " ms had passed before the action could be called");
    return &late;
  }
  context().calls.running().set_connection(number());
  return context().dispatcher.dispatch(header, content, *this);
}

const handlers::Peer& AppSession::peer() {
  if (peer_ == nullptr) {
    peer_ =
        std::make_unique<const handlers::Peer>(peer_of(connection().transport().peer_endpoint()));
  }
  return *peer_;
}

// Calls that wait ----------------------------------------------------------------------------

bool AppSession::start(const handlers::Action& action, const handlers::Request& request,
                       handlers::Reply& reply) {
  const protocol::MessageHeader& header = *request.header;
  PendingCall::Terms terms{
      .connection = number(), .source = request.source, .depth = header.call_depth};
  if (header.deadline) terms.deadline = message_began() + *header.deadline;
  terms.deadline = earlier_deadline(terms.deadline, action.time_limit, message_began());
  if (queue_ != nullptr) terms.tag = queue_->next_tag();

  CallTable& calls = context().calls;
  auto call = std::make_unique<PendingCall>(calls, static_cast<CallOwner&>(*this), calls.registry(),
                                            action, terms);
  if (call->start(request, reply)) {
    return true;
  }
  queue({.call = std::move(call),
         .held_bytes = header.content_length,
         .extended = header.extended(),
         .keep_alive = header.keep_alive,
         .request_id = std::string(header.request_id),
         .action = action.name});
  return false;
}

void AppSession::queue(QueuedReply place) {
  const bool last = !place.keep_alive;
  if (queue_ == nullptr) queue_ = std::make_unique<ReplyQueue>();
  queue_->push(std::move(place));
  last_request_taken_ = last;
  note_held();
  set_answers_pending(true);
}

void AppSession::on_answered(PendingCall& call, handlers::Reply reply) {
  if (queue_ == nullptr) return;
  try {
    if (!reply.filled()) handlers::set_internal(reply, "the action filled no reply");
    queue_->answer(call.terms().tag, std::move(reply));
    send_queued();
  } catch (const std::bad_alloc&) {  // not enough memory for a reply
    cut();
  }
}

void AppSession::send_queued() {
  while (const QueuedReply* place = connection().open() ? queue_->next() : nullptr) {
    protocol::MessageHeader header;
    header.request_id = place->request_id;
    send(header, place->extended, place->keep_alive, place->action, place->reply);
    queue_->pop();
  }
  note_held();
  if (!connection().open()) {
    drop_queue();
  } else if (queue_->empty()) {
    queue_.reset();
    set_answers_pending(false);
  }
  const bool room = connection().open() && (queue_ == nullptr || has_room());
  if (room && std::exchange(reading_paused_, false)) {
    if (queue_ != nullptr) await(Awaiting::kDrained);  // no look for the end any more
    connection().resume_reading();
  } else if (reading_paused_ && connection().open()) {
    look_for_end();
  }
}

void AppSession::note_held() {
  connection().set_delegate_bytes(queue_ == nullptr ? 0 : queue_->held_bytes());
}

// What it holds may speak up while it goes.
void AppSession::drop_queue() {
  const std::unique_ptr<ReplyQueue> gone = std::move(queue_);
  note_held();
  set_answers_pending(false);
}

void AppSession::on_gone() { drop_queue(); }

bool AppSession::refuse_in_turn(Status status, std::string_view text) {
  if (queue_ == nullptr) return false;
  if (last_request_taken_ && status != Status::kShuttingDown) return true;
  handlers::Reply reply;
  reply.set_error(status, text);
  if (status == Status::kShuttingDown) {  // what is not answered by now never is
    queue_->refuse_rest(std::move(reply));
    send_queued();
    return true;
  }
  const Refused refused = refused_message(status);
  queue({.reply = std::move(reply),
         .answered = true,
         .extended = refused.extended,
         .request_id = std::string(refused.header.request_id)});
  await(Awaiting::kDrained);
  return true;
}

void AppSession::report_pending(DrainReport& report) {
  if (queue_ == nullptr) return;
  for (const QueuedReply& place : queue_->places()) report.add_cut(place.action);
}

void AppSession::log_internal_error(std::string_view action, std::string_view detail) {
  context().metrics.add(Counter::kInternalErrors);
  const auto suppressed = context().internal_error_lines.admit(context().loop.now());
  if (!suppressed) return;
  context().log.write(Level::kError, "handler failed",
                      {{"connection", number()},
                       {"action", action},
                       {"detail", detail},
                       {"suppressed", *suppressed}});
}

std::string_view AppSession::action_name() {
  if (!decoder_.awaits_content()) return "unknown";
  return decoder_.header().action.value_or(decoder_.header().is_json() ? "json" : "binary");
}

AppSession::Refused AppSession::refused_message(Status status) {
  const bool understood = decoder_.awaits_content() || status == Status::kContentTooLarge;
  const bool in_part = status == Status::kBadHeader;
  Refused refused;
  if (understood || in_part) refused.header = decoder_.header();
  refused.extended = !understood || refused.header.extended();
  return refused;
}

void AppSession::send_error(Status status, std::string_view text) {
  const Refused refused = refused_message(status);
  send_error_reply(context(), connection(), refused.header, !refused.extended, status, text);
}

}  // namespace appd::servers
