#include "servers/app_session.h"

#include "servers/reply.h"

namespace appd::servers {

using protocol::DecodeEvent;
using protocol::Status;

AppSession::AppSession(SessionContext& context, SessionId id,
                       std::unique_ptr<reactor::Transport> transport)
    : Session(context, id, std::move(transport), Awaiting::kFirstMessage),
      decoder_(context.decode, context.decode_limits) {}

reactor::Consumed AppSession::on_bytes(std::span<const std::byte> bytes) {
  std::size_t taken = 0;
  while (connection().open() && !connection().above_high_watermark()) {
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
  return {.bytes = taken};
}

void AppSession::answer(const protocol::MessageHeader& header, std::span<const std::byte> content) {
  context().metrics.add(Counter::kRequests);
  const handlers::Reply& reply = reply_to(header, content);
  if (reply.status() != Status::kOk) context().metrics.add(Counter::kErrorReplies);
  if (context().draining) context().drain_report.add_answered(context().dispatcher.last_action());
  const bool keep_alive = header.keep_alive && !protocol::closes_connection(reply.status());
  if (tells_life()) {
    tell("received request", {{"action", context().dispatcher.last_action()},
                              {"content_type", header.content_type},
                              {"bytes", content.size()}});
    tell("sending",
         {{"status", protocol::status_name(reply.status())}, {"bytes", reply.content().size()}});
  }
  send_reply(context(), connection(), header, header.extended(), keep_alive, reply);
  if (keep_alive) return;
  if (tells_life()) tell("closing");
  connection().close();
}

const handlers::Reply& AppSession::reply_to(const protocol::MessageHeader& header,
                                            std::span<const std::byte> content) {
  if (header.deadline && context().loop.now() >= message_began() + *header.deadline) {
    handlers::Reply& late = context().error_reply;
    late.set_error(Status::kDeadlineExceeded,
                   "the deadline of " + std::to_string(header.deadline->count()) +
                       " ms had passed before the action could be called");
    return late;
  }
  const handlers::Reply& reply = context().dispatcher.dispatch(header, content);
  if (reply.status() == Status::kInternal) log_internal_error(reply.detail());
  return reply;
}

void AppSession::log_internal_error(std::string_view detail) {
  context().metrics.add(Counter::kInternalErrors);
  const auto suppressed = context().internal_error_lines.admit(context().loop.now());
  if (!suppressed) return;
  context().log.write(Level::kError, "handler failed",
                      {{"connection", number()},
                       {"action", context().dispatcher.last_action()},
                       {"detail", detail},
                       {"suppressed", *suppressed}});
}

std::string_view AppSession::action_name() {
  if (!decoder_.awaits_content()) return "unknown";
  return decoder_.header().action.value_or(decoder_.header().is_json() ? "json" : "binary");
}

void AppSession::send_error(Status status, std::string_view text) {
  const bool understood = decoder_.awaits_content() || status == Status::kContentTooLarge;
  const bool in_part = status == Status::kBadHeader;
  send_error_reply(context(), connection(),
                   understood || in_part ? decoder_.header() : protocol::MessageHeader{},
                   understood, status, text);
}

}  // namespace appd::servers
