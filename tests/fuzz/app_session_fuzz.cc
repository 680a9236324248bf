// A whole conversation with the server in a simulated world: every request that came whole is
// answered, in order, with what its action says, and the connection ends as it should. Where the
// client or the world breaks it off, what came until then is the same.
// Input: bytes that choose how the client sends, reads and ends, and what befalls them; then what
// it sends.
#include <string>

#include "appd/handlers/dispatch.h"
#include "appd/protocol/message_decoder.h"
#include "appd/protocol/message_encoder.h"
#include "appd/reactor/check.h"
#include "tests/fuzz/support/served_conversation.h"

namespace {

using namespace appd;
using namespace appd::fuzz;
using protocol::Status;

std::string told_status(const protocol::MessageHeader& header, Status status) {
  return std::string(header.extended() || status == Status::kBadHeader ? status_name(status) : "");
}

std::string encode(const protocol::MessageHeader& request, const handlers::Reply& reply,
                   bool keep_alive) {
  const protocol::ContentFields fields{.content_type = reply.content_type(),
                                       .content_encoding = reply.content_encoding(),
                                       .content_length = reply.content().size()};
  const protocol::ReplyExtension extension{
      .keep_alive = keep_alive, .request_id = request.request_id, .status = reply.status()};
  std::string bytes;
  encode_reply_header(fields, request.extended() ? &extension : nullptr, bytes);
  return bytes.append(reply.content());
}

// Goes through what was sent by the rules, without a server, and takes from what was received the
// reply to each message.
class Judge {
 public:
  explicit Judge(const Outcome& outcome) : outcome_(outcome), received_(outcome.received) {}

  void check(std::string_view stream, bool client_stays) {
    while (goes_on_ && !stream.empty()) {
      const auto event = decoder_.next(as_bytes(stream));
      if (!event) {
        const Status status = protocol::status_of(event.error());
        take_error(told_status(*event.error().header, status));
        goes_on_ = false;
      } else if (event->kind == protocol::DecodeEvent::Kind::kMessage) {
        stream.remove_prefix(event->bytes);
        check_reply(*event->header, event->content);
      } else {
        break;
      }
    }
    check_end(client_stays);
  }

 private:
  void check_reply(const protocol::MessageHeader& header, std::span<const std::byte> content) {
    if (deadline_passed(header)) {
      take_error(told_status(header, Status::kDeadlineExceeded));
      goes_on_ = goes_on_ && header.keep_alive;
      return;
    }
    const handlers::Reply& reply = dispatcher_.dispatch(header, content);
    APPD_CHECK(reply.status() != Status::kInternal, reply.detail());
    const bool keep_alive = header.keep_alive && !closes_connection(reply.status());
    take(encode(header, reply, keep_alive));
    goes_on_ = goes_on_ && keep_alive;
  }

  // Which of the two it was is the server's to say where it may be either.
  [[nodiscard]] bool deadline_passed(const protocol::MessageHeader& header) const {
    if (!header.deadline || header.deadline->count() == 0) return header.deadline.has_value();
    if (*header.deadline > outcome_.elapsed) return false;
    if (outcome_.broken_off && !holds_message(received_)) return true;
    protocol::DecodeContext context;
    protocol::MessageDecoder decoder(context, limits_);
    const auto event = decoder.next(as_bytes(received_));
    return event && event->kind == protocol::DecodeEvent::Kind::kMessage &&
           event->header->status == status_name(Status::kDeadlineExceeded);
  }

  void take(std::string_view bytes) {
    if (outcome_.broken_off && received_.size() < bytes.size()) {
      bytes = bytes.substr(0, received_.size());
      goes_on_ = false;
    }
    APPD_CHECK(received_.starts_with(bytes), received_, bytes);
    received_.remove_prefix(bytes.size());
  }
  void take_error(const std::string& status) {
    if (outcome_.broken_off && !holds_message(received_)) {
      received_ = {};
      goes_on_ = false;
    } else {
      take_error_reply(received_, status);
    }
  }

  // A message that did not come in time is the one thing that is said besides.
  void check_end(bool client_stays) {
    APPD_CHECK(outcome_.broken_off || outcome_.orderly_end);
    if (goes_on_ && client_stays && !received_.empty()) {
      const bool understood = decoder_.awaits_content();
      take_error(understood ? told_status(decoder_.awaited_header(), Status::kTimeout) : "timeout");
    }
    APPD_CHECK(received_.empty(), received_);
  }

  const Outcome& outcome_;
  std::string_view received_;
  bool goes_on_ = true;  // the server reads on
  protocol::DecodeContext context_;
  const protocol::DecodeLimits limits_{.max_content = kMaxContent};
  protocol::MessageDecoder decoder_{context_, limits_};
  protocol::JsonReader reader_;
  handlers::Dispatcher dispatcher_{served_actions(), reader_};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzInput input(data, size);
  const Script script = take_script(input);
  const Outcome outcome = serve(script);
  if (outcome.jumped) return 0;
  Judge(outcome).check(script.client.stream, script.client.end == FarEnd::End::kStay);
  return 0;
}
