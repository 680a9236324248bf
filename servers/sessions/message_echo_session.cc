#include "appd/servers/sessions/message_echo_session.h"

#include <algorithm>

#include "appd/servers/sessions/reply.h"

namespace appd::servers {

using protocol::DecodeEvent;

MessageEchoSession::MessageEchoSession(SessionStart&& start)
    : Session(std::move(start), Awaiting::kFirstMessage) {}

reactor::Consumed MessageEchoSession::on_bytes(std::span<const std::byte> bytes) {
  std::size_t taken = 0;
  while (connection().open() && !connection().above_high_watermark()) {
    const std::span<const std::byte> rest = bytes.subspan(taken);
    std::size_t header_bytes = 0;
    if (!in_content_) {
      if (rest.empty()) {
        await(Awaiting::kNextMessage);
        return {.bytes = taken};
      }
      protocol::HeaderDecoder decoder(context().messages.decode,
                                      protocol::HeaderRules::kLengthOnly);
      const auto event = decoder.next(rest);
      if (!event) {
        fail_message(event.error(), rest);
        break;
      }
      if (event->kind == DecodeEvent::Kind::kNeedMore) {
        await(Awaiting::kHeader);
        return {.bytes = taken, .wanted = event->bytes};
      }
      header_bytes = event->bytes;
      begin_content(*event->header);
    }
    taken += pass_on(rest, header_bytes);
    if (in_content_ && taken == bytes.size()) {
      await(Awaiting::kContent);
      return {.bytes = taken};
    }
  }
  await(in_content_ ? Awaiting::kContent : Awaiting::kDrained);
  return {.bytes = taken};
}

void MessageEchoSession::begin_content(const protocol::MessageHeader& header) {
  content_left_ = header.content_length;
  keep_alive_ = header.keep_alive;
  in_content_ = true;
  if (tells_life()) tell("received header", {{"content_bytes", content_left_}});
}

// Header and the content that is there, in one piece. Returns how many bytes that was.
std::size_t MessageEchoSession::pass_on(std::span<const std::byte> rest, std::size_t header_bytes) {
  const auto content =
      static_cast<std::size_t>(std::min<std::uint64_t>(content_left_, rest.size() - header_bytes));
  connection().send(rest.first(header_bytes + content));
  content_left_ -= content;
  if (content_left_ == 0) end_message();
  return header_bytes + content;
}

void MessageEchoSession::end_message() {
  in_content_ = false;
  message_done();
  context().metrics.add(Counter::kRequests);
  if (context().drain.under_way) context().drain.report.add_answered(action_name());
  if (tells_life()) tell("echoed message");
  if (keep_alive_) return;
  if (tells_life()) tell("closing");
  connection().close();
}

// Between messages there is a place for an error reply; within one, only the end can tell.
void MessageEchoSession::send_error(const Refusal& refusal) {
  if (in_content_) return;
  Asked asked{.extended = true};
  if (refusal.header != nullptr) asked.request_id = refusal.header->request_id;
  send_error_reply(context(), connection(), asked, refusal.status, refusal.text);
}

}  // namespace appd::servers
