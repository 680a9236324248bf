#include "appd/servers/sessions/app_session.h"

#include <chrono>
#include <new>
#include <optional>
#include <utility>

#include "appd/handlers/failure.h"
#include "appd/protocol/text/printable_text.h"
#include "appd/servers/sessions/decoding_job.h"
#include "appd/servers/sessions/reply.h"

namespace appd::servers {

using protocol::DecodeEvent;
using protocol::Status;

namespace {

// What a request that waits holds beside its own bytes: its place, its call, a usual coroutine.
constexpr std::size_t kFrameBytes = 1024;
constexpr std::size_t kPlaceBytes =
    sizeof(QueuedReply) + sizeof(PendingCall) + sizeof(CallState) + kFrameBytes;

handlers::Peer peer_of(const reactor::Endpoint& endpoint) {
  handlers::Peer peer;
  peer.address = protocol::on_one_line(endpoint.to_string());  // a path may be any bytes
  peer.host = endpoint.family() == AF_UNIX ? "unix" : endpoint.host();
  if (peer.host.empty()) peer.host = peer.address;
  return peer;
}

}  // namespace

// What a session has only while there is something in it.
struct AppSession::UnderWay final : CallOwner, handlers::PeerSource {
  explicit UnderWay(AppSession& owner) : session(owner) {}
  void on_answered(PendingCall& call, handlers::Reply reply) override {
    session.on_answered(call, std::move(reply));
  }
  const handlers::Peer& peer() override { return session.peer(); }

  AppSession& session;
  std::optional<protocol::MessageDecoder> content;   // of a message whose content is awaited
  std::unique_ptr<ReplyQueue> queue;                 // null: no answer is owed
  std::unique_ptr<const handlers::Peer> known_peer;  // null: nobody has asked
  bool last_request_taken = false;                   // behind it nothing is read but the peer's end
  bool reading_paused = false;                       // max_pending_calls wait
};

// For the calls of one request.
class AppSession::Starter final : public handlers::CallStarter {
 public:
  explicit Starter(AppSession& session) : CallStarter(session.number()), session_(session) {}
  bool start(const handlers::Action& action, const handlers::Request& request,
             handlers::Reply& reply) override {
    return session_.start_call(action, request, reply);
  }
  const handlers::Peer& peer() override { return session_.peer(); }

 private:
  AppSession& session_;
};

AppSession::AppSession(SessionContext& context, Seat seat, reactor::AnyTransport transport)
    : Session(context, seat, std::move(transport), Awaiting::kFirstMessage) {}

AppSession::~AppSession() = default;

AppSession::UnderWay& AppSession::under_way() {
  if (!under_way_) under_way_ = std::make_unique<UnderWay>(*this);
  return *under_way_;
}

void AppSession::forget_under_way() {
  if (!under_way_ || awaits_content() || owes_answers()) return;
  if (under_way_->known_peer == nullptr) under_way_.reset();
}

bool AppSession::awaits_content() const {
  return under_way_ != nullptr && under_way_->content.has_value();
}

bool AppSession::owes_answers() const {
  return under_way_ != nullptr && under_way_->queue != nullptr;
}

bool AppSession::has_room() {
  const ReplyQueue& queue = *under_way_->queue;
  return queue.size() < context().limits.max_pending_calls &&
         queue.held_bytes() < context().limits.write_high_watermark;
}

bool AppSession::takes_requests() {
  return connection().open() && !connection().above_high_watermark() &&
         (!owes_answers() || (!under_way_->last_request_taken && has_room()));
}

protocol::MessageDecoder AppSession::take_decoder() {
  if (!awaits_content()) return {context().decode, context().decode_limits};
  protocol::MessageDecoder decoder = std::move(*under_way_->content);
  under_way_->content.reset();
  return decoder;
}

reactor::Consumed AppSession::on_bytes(std::span<const std::byte> bytes) {
  protocol::MessageDecoder decoder = take_decoder();
  std::size_t taken = 0;
  while (takes_requests()) {
    const std::span<const std::byte> rest = bytes.subspan(taken);
    if (rest.empty()) {
      forget_under_way();
      await(Awaiting::kNextMessage);
      return {.bytes = taken};
    }
    const auto event = decoder.next(rest);
    if (!event) {
      fail_message(event.error(), decoder.header(), rest);
      break;
    }
    if (event->kind == DecodeEvent::Kind::kNeedMore) {
      await_rest(std::move(decoder));
      return {.bytes = taken, .wanted = event->bytes};
    }
    taken += event->bytes;
    answer(decoder.header(), event->content, taken < bytes.size());
    message_done();
  }
  await(Awaiting::kDrained);
  if (!owes_answers()) {
    forget_under_way();
    return {.bytes = taken};
  }
  // Behind the last request only the peer's end is still news.
  if (under_way_->last_request_taken) return {.bytes = bytes.size()};
  if (!has_room()) {
    context().metrics.add(Counter::kPendingLimit);
    under_way_->reading_paused = true;
    pause_reading();
  }
  return {.bytes = taken};
}

// A message has begun and is not complete.
void AppSession::await_rest(protocol::MessageDecoder decoder) {
  const bool in_content = decoder.awaits_content();
  if (in_content) {
    under_way().content.emplace(std::move(decoder));
  } else {
    forget_under_way();
  }
  await(in_content ? Awaiting::kContent : Awaiting::kHeader);
}

void AppSession::answer(const protocol::MessageHeader& header, std::span<const std::byte> content,
                        bool followed) {
  context().metrics.add(Counter::kRequests);
  const handlers::Dispatched done = reply_to(header, content);
  const handlers::Reply* const reply = done.reply;
  const Answered answered{.action = done.action_name(), .began = context().loop.now()};
  if (tells_life()) {
    tell("received request", {{"action", answered.action},
                              {"content_type", header.content_type},
                              {"bytes", content.size()}});
  }
  if (reply == nullptr) return;
  if (owes_answers()) {
    queue({.reply = *reply,
           .answered = true,
           .held_bytes = reply->content().size(),
           .extended = header.extended(),
           .keep_alive = header.keep_alive && !protocol::closes_connection(reply->status()),
           .request_id = std::string(header.request_id),
           .action = std::string(answered.action),
           .began = answered.began});
    return;
  }
  send(header, header.extended(), header.keep_alive && !ends_drain(followed), answered, *reply);
}

// A draining server's last reply says so: nobody asks again on a connection that then ends.
bool AppSession::ends_drain(bool followed) {
  if (!context().draining || followed) return false;
  return !connection().transport().input_waiting();
}

void AppSession::send(const protocol::MessageHeader& header, bool extended, bool asked_to_stay,
                      const Answered& answered, const handlers::Reply& reply) {
  if (reply.status() != Status::kOk) context().metrics.add(Counter::kErrorReplies);
  if (reply.status() == Status::kInternal) log_internal_error(answered.action, reply.detail());
  if (context().draining) context().drain_report.add_answered(answered.action);
  if (context().log_access) log_access(answered, reply.status(), reply.content().size());
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

handlers::Dispatched AppSession::reply_to(const protocol::MessageHeader& header,
                                          std::span<const std::byte> content) {
  if (header.deadline && context().loop.now() >= message_began() + *header.deadline) {
    context().metrics.add(Counter::kDeadlineExceeded);
    handlers::Reply& late = context().error_reply;
    late.set_error(Status::kDeadlineExceeded,
                   "the deadline of " + std::to_string(header.deadline->count()) +
                       " ms had passed before the action could be called");
    return {.action = context().dispatcher.find_action(header, content), .reply = &late};
  }
  if (content.size() > kLargeContentBytes && context().calls.pool() != nullptr) {
    handlers::Reply& refused = context().error_reply;
    return {.action = context().dispatcher.find_action(header, content),
            .reply = start_decoding(header, content, refused) ? &refused : nullptr};
  }
  Starter starter(*this);
  return context().dispatcher.dispatch(header, content, starter);
}

const handlers::Peer& AppSession::peer() {
  auto& known = under_way().known_peer;
  if (known == nullptr) {
    known =
        std::make_unique<const handlers::Peer>(peer_of(connection().transport().peer_endpoint()));
  }
  return *known;
}

// Calls that wait ----------------------------------------------------------------------------

PendingCall::Terms AppSession::call_terms(const protocol::MessageHeader& header,
                                          std::chrono::milliseconds time_limit) {
  UnderWay& owner = under_way();
  PendingCall::Terms terms{.connection = number(),
                           .source = &owner,
                           .depth = header.call_depth,
                           .begin = message_began()};
  if (header.deadline) terms.deadline = terms.begin + *header.deadline;
  terms.deadline = earlier_deadline(terms.deadline, time_limit, terms.begin);
  if (owes_answers()) terms.tag = owner.queue->next_tag();
  return terms;
}

bool AppSession::start_call(const handlers::Action& action, const handlers::Request& request,
                            handlers::Reply& reply) {
  const PendingCall::Terms terms = call_terms(*request.header, action.time_limit);
  CallTable& calls = context().calls;
  auto call = std::make_unique<PendingCall>(calls, *under_way_, calls.registry(), action, terms);
  handlers::Request kept = request;
  kept.source = terms.source;  // the starter is gone by the time of the answer
  if (call->start(kept, reply)) return true;
  queue_call(std::move(call), *request.header);
  return false;
}

bool AppSession::start_decoding(const protocol::MessageHeader& header,
                                std::span<const std::byte> content, handlers::Reply& reply) {
  const PendingCall::Terms terms = call_terms(header, std::chrono::milliseconds(0));
  CallTable& calls = context().calls;
  auto call = std::make_unique<PendingCall>(calls, *under_way_, calls.registry(),
                                            handlers::decoding_action(), terms);
  // The name as it was registered: what a peer sends may be anything.
  if (const auto* action = context().dispatcher.find_action(header, content)) {
    call->note_action(action->name);
  }
  handlers::Request raw;
  raw.form = handlers::Request::Form::kBinary;
  raw.payload = content;
  raw.header = &header;
  raw.source = terms.source;
  if (call->start_decoding(raw, reply)) return true;
  queue_call(std::move(call), header);
  return false;
}

void AppSession::queue_call(std::unique_ptr<PendingCall> call,
                            const protocol::MessageHeader& header) {
  std::string action(call->action_name());
  queue({.call = std::move(call),
         .held_bytes = static_cast<std::size_t>(header.content_length) + header.json.size(),
         .extended = header.extended(),
         .keep_alive = header.keep_alive,
         .request_id = std::string(header.request_id),
         .action = std::move(action),
         .began = context().loop.now()});
}

void AppSession::queue(QueuedReply place) {
  UnderWay& owed = under_way();
  const bool last = !place.keep_alive;
  if (owed.queue == nullptr) owed.queue = std::make_unique<ReplyQueue>();
  owed.queue->push(std::move(place));
  owed.last_request_taken = last;
  note_held();
  set_answers_pending(true);
}

void AppSession::on_answered(PendingCall& call, handlers::Reply reply) {
  if (!owes_answers()) return;
  try {
    if (!reply.filled()) handlers::set_internal(reply, "the action filled no reply");
    const bool found = call.action_name() != handlers::decoding_action().name;
    under_way_->queue->answer(call.terms().tag, std::move(reply),
                              found ? call.action_name() : std::string_view());
    send_queued();
  } catch (const std::bad_alloc&) {  // not enough memory for a reply
    cut();
  }
}

void AppSession::send_queued() {
  ReplyQueue& queue = *under_way_->queue;
  while (const QueuedReply* place = connection().open() ? queue.next() : nullptr) {
    protocol::MessageHeader header;
    header.request_id = place->request_id;
    const bool followed = queue.size() > 1 || connection().kept_bytes() > 0 || awaits_content();
    send(header, place->extended, place->keep_alive && !ends_drain(followed),
         {.action = place->action, .began = place->began}, place->reply);
    queue.pop();
  }
  note_held();
  if (!connection().open()) {
    drop_queue();
    return;
  }
  if (queue.empty()) {
    under_way_->queue.reset();
    set_answers_pending(false);
  }
  const bool room = connection().open() && (!owes_answers() || has_room());
  const bool paused = under_way_->reading_paused;
  if (room) under_way_->reading_paused = false;
  forget_under_way();
  if (paused && room) {
    if (owes_answers()) await(Awaiting::kDrained);  // no look for the end any more
    resume_reading();
  } else if (paused && connection().open()) {
    renew_grace();
  }
}

void AppSession::note_held() {
  std::size_t bytes = 0;
  if (owes_answers()) {
    const ReplyQueue& queue = *under_way_->queue;
    bytes = queue.held_bytes() + queue.size() * kPlaceBytes;
  }
  connection().set_delegate_bytes(bytes);
}

bool AppSession::works_on_answer() {
  if (!owes_answers()) return false;
  const PendingCall* first = under_way_->queue->places().front().call.get();
  return first != nullptr && first->decoding();
}

// What it holds may speak up while it goes.
void AppSession::drop_queue() {
  const std::unique_ptr<UnderWay> gone = std::move(under_way_);
  note_held();
  set_answers_pending(false);
}

void AppSession::on_gone() { drop_queue(); }

bool AppSession::refuse_in_turn(const Refusal& refusal) {
  if (!owes_answers()) return false;
  const Status status = refusal.status;
  if (under_way_->last_request_taken && status != Status::kShuttingDown) return true;
  handlers::Reply reply;
  reply.set_error(status, refusal.text);
  if (status == Status::kShuttingDown) {  // what is not answered by now never is
    under_way_->queue->refuse_rest(std::move(reply));
    send_queued();
    return true;
  }
  const Refused refused = refused_message(refusal);
  queue({.reply = std::move(reply),
         .answered = true,
         .extended = refused.extended,
         .request_id = std::string(refused.header.request_id),
         .began = context().loop.now()});
  await(Awaiting::kDrained);
  return true;
}

void AppSession::report_pending(DrainReport& report) {
  if (!owes_answers()) return;
  for (const QueuedReply& place : under_way_->queue->places()) report.add_cut(place.action);
}

void AppSession::log_internal_error(std::string_view action, std::string_view detail) {
  context().metrics.add(Counter::kInternalErrors);
  context().limited_lines.write(logging::Level::kError, "handler failed", action,
                                {{"connection", number()}, {"action", action}, {"detail", detail}});
}

void AppSession::log_access(const Answered& answered, Status status, std::size_t bytes) {
  if (!context().log.enabled(logging::Level::kInfo)) return;
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(
      context().loop.measured_now() - answered.began);
  context().log.write(logging::Level::kInfo, "answered",
                      {{"peer", peer().address},
                       {"action", answered.action},
                       {"status", protocol::status_name(status)},
                       {"bytes", bytes},
                       {"micros", micros.count()}});
}

std::string_view AppSession::action_name() {
  if (!awaits_content()) return "unknown";
  const protocol::MessageHeader& header = under_way_->content->header();
  if (!header.action) return header.is_json() ? "json" : "binary";
  // The name as it was registered: what a peer sends may be anything.
  const handlers::Action* action = context().calls.registry()->find(*header.action);
  return action != nullptr ? std::string_view(action->name) : "unknown";
}

AppSession::Refused AppSession::refused_message(const Refusal& refusal) const {
  Refused refused;
  if (refusal.header != nullptr) {
    refused.header = *refusal.header;
  } else if (awaits_content()) {
    refused.header = under_way_->content->header();
  }
  const bool understood = awaits_content() || refusal.status == Status::kContentTooLarge;
  refused.extended = !understood || refused.header.extended();
  return refused;
}

void AppSession::send_error(const Refusal& refusal) {
  const Refused refused = refused_message(refusal);
  send_error_reply(context(), connection(), refused.header, !refused.extended, refusal.status,
                   refusal.text);
  if (!context().log_access) return;
  log_access({.action = {}, .began = message_began()}, refusal.status,
             context().error_reply.content().size());
}

}  // namespace appd::servers
