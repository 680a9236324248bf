#include "appd/servers/sessions/app_session.h"

#include <chrono>
#include <new>
#include <optional>
#include <utility>

#include "appd/handlers/failure.h"
#include "appd/handlers/session_data.h"
#include "appd/servers/calls/decoding_job.h"
#include "appd/servers/sessions/peer_of.h"

namespace appd::servers {

using protocol::DecodeEvent;
using protocol::Status;

namespace {

// A draining server's last reply says so: nobody asks again on a connection that then ends.
// `followed`: further bytes came with its request.
bool ends_drain(const Drain& drain, reactor::Connection& connection, bool followed) {
  if (!drain.under_way || followed) return false;
  return !connection.transport().input_waiting();
}

void log_internal_error(SessionContext& context, std::uint64_t number, std::string_view action,
                        std::string_view detail) {
  context.metrics.add(Counter::kInternalErrors);
  context.log.limited_lines.write(logging::Level::kError, "handler failed", action,
                                  {{"connection", number}, {"action", action}, {"detail", detail}});
}

// A line in the access log.
void log_access(SessionContext& context, const handlers::Peer& peer, const Asked& asked,
                const handlers::Reply& reply) {
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(
      context.loop.measured_now() - asked.began);
  context.log.log.write(logging::Level::kInfo, "answered",
                        {{"peer", peer.address},
                         {"action", asked.action},
                         {"status", protocol::status_name(reply.status())},
                         {"bytes", reply.content().size()},
                         {"micros", micros.count()}});
}

// What a reply must know of a request with this header.
Asked asked_by(const protocol::MessageHeader& header, std::string_view action,
               reactor::TimePoint began) {
  return {.extended = header.extended(),
          .keep_alive = header.keep_alive,
          .request_id = header.request_id,
          .action = action,
          .began = began};
}

bool logs_access(const SessionLog& log) {
  return log.each_answer && log.log.enabled(logging::Level::kInfo);
}

}  // namespace

// What a session has only while there is something in it. It, and not the session, is what calls
// know, so that an idle session needs no further bases.
struct AppSession::UnderWay final : Call::Delegate,
                                    handlers::PeerSource,
                                    reactor::TurnEndSink,
                                    reactor::InBlock {
  explicit UnderWay(AppSession& owner) : session(owner) {}
  handlers::SessionData* session_data() override {
    if (!data) data = std::make_unique<handlers::SessionData>();
    return data.get();
  }
  reactor::TimePoint now() override { return session.context().loop.now(); }
  void on_answered(Call& call, handlers::Reply&& reply) override {
    session.on_answered(call, std::move(reply));
  }
  void on_turn_end() noexcept override { session.send_due(); }
  const handlers::Peer& peer() override {
    if (!known_peer) {
      known_peer.emplace(peer_of(session.connection().transport()));
    }
    return *known_peer;
  }

  AppSession& session;
  std::unique_ptr<handlers::SessionData> data;      // null: nobody has asked; outlives the calls
  std::optional<protocol::MessageDecoder> content;  // of a message whose content is awaited
  std::optional<OwedReplies> owed;                  // nullopt: nothing is
  std::optional<const handlers::Peer> known_peer;   // nullopt: nobody has asked
};

// Of one request, while it is dispatched.
class AppSession::Requester final : public handlers::DispatchDelegate {
 public:
  explicit Requester(AppSession& session) : DispatchDelegate(session.number()), session_(session) {}
  bool start(const handlers::Action& action, const handlers::Request& request,
             handlers::Reply& reply) override {
    return session_.start_call(action, request, reply);
  }
  const handlers::Peer& peer() override { return session_.under_way().peer(); }
  handlers::SessionData* session_data() override { return session_.under_way().session_data(); }
  reactor::TimePoint now() override { return session_.context().loop.now(); }

 private:
  AppSession& session_;
};

AppSession::AppSession(SessionStart&& start) : Session(std::move(start), Awaiting::kFirstMessage) {}

AppSession::~AppSession() = default;

AppSession::UnderWay& AppSession::under_way() {
  if (!under_way_) under_way_ = std::make_unique<UnderWay>(*this);
  return *under_way_;
}

void AppSession::forget_under_way() {
  if (!under_way_) return;
  const UnderWay& there = *under_way_;
  if (!there.content && !there.owed && !there.known_peer && !there.data) under_way_.reset();
}

// From bytes to requests -------------------------------------------------------------------------

bool AppSession::awaits_content() const {
  return under_way_ != nullptr && under_way_->content.has_value();
}

bool AppSession::takes_requests() {
  if (!connection().open() || connection().above_high_watermark()) return false;
  if (owes() == Owes::kNothing) return true;
  const OwedReplies& owed = *under_way_->owed;
  return !owed.ends_conversation() && owed.has_room();
}

protocol::MessageDecoder AppSession::take_decoder() {
  if (!awaits_content()) return {context().messages.decode, context().messages.limits};
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
      fail_message(event.error(), rest);
      break;
    }
    if (event->kind == DecodeEvent::Kind::kNeedMore) {
      await_rest(std::move(decoder));
      return {.bytes = taken, .wanted = event->bytes};
    }
    taken += event->bytes;
    answer({.header = *event->header,
            .content = event->content,
            .shown = decoder.owns_header() ? rest : std::span<const std::byte>(),
            .followed = taken < bytes.size()});
    message_done();
  }
  await(Awaiting::kDrained);
  if (owes() == Owes::kNothing) {
    forget_under_way();
    return {.bytes = taken};
  }
  // After the last request only the peer's end is still news.
  if (under_way_->owed->ends_conversation()) return {.bytes = bytes.size()};
  if (!under_way_->owed->has_room()) {
    context().metrics.add(Counter::kPendingLimit);
    set_owes(Owes::kTooMuch);
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

// From a request to its reply --------------------------------------------------------------------

void AppSession::answer(const Message& message) {
  const protocol::MessageHeader& header = message.header;
  context().metrics.add(Counter::kRequests);
  const handlers::Dispatched done = reply_to(message);
  if (tells_life()) {
    tell("received request", {{"action", done.action_name()},
                              {"content_type", header.content_type},
                              {"bytes", message.content.size()}});
  }
  if (done.reply == nullptr) return;
  Asked asked = asked_by(header, done.action_name(), context().loop.now());
  if (owes() != Owes::kNothing) {
    under_way_->owed->add(std::move(*done.reply), asked);
    return;
  }
  if (ends_drain(context().drain, connection(), message.followed)) asked.keep_alive = false;
  send(asked, *done.reply);
}

handlers::Dispatched AppSession::reply_to(const Message& message) {
  const protocol::MessageHeader& header = message.header;
  MessageWork& messages = context().messages;
  if (header.deadline && context().loop.now() >= message_began() + *header.deadline) {
    return refuse_late(message);
  }
  if (message.content.size() > kLargeContentBytes && messages.calls.parts().pool != nullptr) {
    return start_decoding(message);
  }
  Requester requester(*this);
  return messages.dispatcher.dispatch(header, message.content, requester);
}

handlers::Dispatched AppSession::refuse_late(const Message& message) {
  context().metrics.add(Counter::kDeadlineExceeded);
  MessageWork& messages = context().messages;
  messages.error_reply.set_error(Status::kDeadlineExceeded,
                                 "the deadline of " +
                                     std::to_string(message.header.deadline->count()) +
                                     " ms had passed before the action could be called");
  return {.action = messages.dispatcher.find_action(message.header, message.content),
          .reply = &messages.error_reply};
}

void AppSession::send(const Asked& asked, handlers::Reply& reply) {
  if (reply.status() != Status::kOk) {
    context().metrics.add(Counter::kErrorReplies);
    if (reply.status() == Status::kInternal) {
      log_internal_error(context(), number(), asked.action, reply.detail());
    }
  }
  if (context().drain.under_way) context().drain.report.add_answered(asked.action);
  if (logs_access(context().log)) log_access(context(), under_way().peer(), asked, reply);
  if (tells_life()) {
    tell("sending",
         {{"status", protocol::status_name(reply.status())}, {"bytes", reply.content().size()}});
  }
  if (send_reply(context(), connection(), asked, reply)) return;
  if (tells_life()) tell("closing");
  connection().close();
}

Asked AppSession::refused(const Refusal& refusal) {
  const protocol::MessageHeader* header = refusal.header;
  // What a header that was not understood would have asked for is not known.
  bool understood = refusal.status == Status::kContentTooLarge;
  if (header == nullptr && awaits_content()) {
    header = &under_way_->content->awaited_header();
    understood = true;
  }
  Asked asked{.extended = !understood, .began = message_began()};
  if (header == nullptr) return asked;
  asked.extended = !understood || header->extended();
  asked.request_id = header->request_id;
  return asked;
}

void AppSession::send_error(const Refusal& refusal) {
  const Asked asked = refused(refusal);
  send_error_reply(context(), connection(), asked, refusal.status, refusal.text);
  if (!logs_access(context().log)) return;
  log_access(context(), under_way().peer(), asked, context().messages.error_reply);
}

bool AppSession::refuse_in_turn(const Refusal& refusal) {
  if (owes() == Owes::kNothing) return false;
  OwedReplies& owed = *under_way_->owed;
  const bool last = refusal.status == Status::kShuttingDown;
  if (owed.ends_conversation() && !last) return true;
  handlers::Reply reply;
  reply.set_error(refusal.status, refusal.text);
  if (last) {  // what is not answered by now never is
    owed.refuse_rest(std::move(reply));
    send_due();
  } else {
    Asked asked = refused(refusal);
    asked.began = context().loop.now();
    owed.add(std::move(reply), asked);
    await(Awaiting::kDrained);
  }
  return true;
}

std::string_view AppSession::action_name() {
  if (!awaits_content()) return "unknown";
  const protocol::MessageHeader& header = under_way_->content->awaited_header();
  if (!header.action) return header.is_json() ? "json" : "binary";
  // The name as it was registered: what a peer sends may be anything.
  const auto& registry = context().messages.calls.parts().registry;
  const handlers::Action* action = registry->find(*header.action);
  return action != nullptr ? std::string_view(action->name) : "unknown";
}

// Requests that wait for their answers -----------------------------------------------------------

Call::Pointer AppSession::make_call(const protocol::MessageHeader& header) {
  UnderWay& owner = under_way();
  Call::Terms terms{.begin = message_began(),
                    .connection = number(),
                    .source = &owner,
                    .depth = header.call_depth};
  if (header.deadline) terms.deadline = terms.begin + *header.deadline;
  CallEnvironment& calls = context().messages.calls;
  return Call::make(calls, owner, calls.home(), terms);
}

bool AppSession::start_call(const handlers::Action& action, const handlers::Request& request,
                            handlers::Reply& reply) {
  auto call = make_call(*request.header);
  if (call->start(action, request, reply)) return true;
  owe(std::move(call), *request.header);
  return false;
}

handlers::Dispatched AppSession::start_decoding(const Message& message) {
  MessageWork& messages = context().messages;
  // Which one, as far as that can be told without decoding.
  const handlers::Action* action = messages.dispatcher.find_action(message.header, message.content);
  auto call = make_call(message.header);
  const handlers::Request raw{.form = handlers::Request::Form::kBinary,
                              .payload = message.content,
                              .header = &message.header,
                              .source = call->terms().source};
  // The name as it was registered: what a peer sends may be anything.
  const std::string& name = (action != nullptr ? *action : handlers::decoding_action()).name;
  reactor::Buffer memory;  // of the content, if nothing else is in it
  if (!message.followed) memory = connection().take_shown(message.shown);
  if (call->start_decoding({raw, std::move(memory)}, name, messages.error_reply)) {
    return {.action = action, .reply = &messages.error_reply};
  }
  owe(std::move(call), message.header);
  return {.action = action};
}

void AppSession::owe(Call::Pointer call, const protocol::MessageHeader& header) {
  UnderWay& owner = under_way();
  if (!owner.owed) owner.owed.emplace(connection(), context().limits);
  const Asked asked = asked_by(header, call->action_name(), context().loop.now());
  owner.owed->add(std::move(call), asked,
                  static_cast<std::size_t>(header.content_length) + header.json.size());
  if (owes() == Owes::kNothing) set_owes(Owes::kAnswers);
}

void AppSession::on_answered(const Call& call, handlers::Reply&& reply) {
  if (owes() == Owes::kNothing) return;
  try {
    if (!reply.filled()) handlers::set_internal(reply, "the action filled no reply");
    under_way_->owed->settle(call, std::move(reply));
    connection().loop().turn_end().add(*under_way_);
  } catch (const std::bad_alloc&) {  // not enough memory for a reply
    cut();
  }
}

void AppSession::send_due() {
  try {
    connection().together([this] { send_owed(); });
  } catch (const std::bad_alloc&) {
    cut();
  }
}

void AppSession::send_owed() {
  if (owes() == Owes::kNothing) return;
  OwedReplies& owed = *under_way_->owed;
  owed.send_due([this](Asked asked, handlers::Reply& reply, bool more) {
    const bool followed = more || connection().kept_bytes() > 0 || awaits_content();
    if (ends_drain(context().drain, connection(), followed)) asked.keep_alive = false;
    send(asked, reply);
  });
  if (!connection().open()) {
    on_gone();
    return;
  }
  Owes left = owes();
  if (owed.has_room()) left = Owes::kAnswers;
  if (owed.empty()) {
    left = Owes::kNothing;
    under_way_->owed.reset();
  }
  forget_under_way();
  set_owes(left);
}

// What it holds may speak up while it goes.
void AppSession::on_gone() {
  const std::unique_ptr<UnderWay> gone = std::move(under_way_);
  set_owes(Owes::kNothing);
}

bool AppSession::works_on_next() const { return under_way_->owed->works_on_next(); }

void AppSession::report_cut(DrainReport& report) { under_way_->owed->report(report); }

}  // namespace appd::servers
