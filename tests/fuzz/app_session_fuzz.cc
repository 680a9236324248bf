// A whole conversation with the server: every request that came whole is answered, in order, with
// what its action says, and the connection ends as it should.
// Input: bytes that choose how the client sends, reads and ends, then what it sends.
#include <optional>
#include <string>
#include <vector>

#include "handlers/dispatch.h"
#include "protocol/message_decoder.h"
#include "protocol/message_encoder.h"
#include "reactor/check.h"
#include "tests/fuzz/served_conversation.h"

namespace {

using namespace appd;
using namespace appd::fuzz;
using protocol::Status;

// A reply by its bytes, or an error by what its header says as status.
struct Expected {
  std::string bytes;
  std::optional<std::string> status;
};

struct Expectation {
  std::vector<Expected> replies;
  bool server_closes = false;  // behind the last one; else it waits for more
  // What the error message's header says when that does not come in time.
  std::string timeout_status = "timeout";
};

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

// By the rules, without a server.
Expectation expect(std::string_view stream) {
  protocol::DecodeContext context;
  const protocol::DecodeLimits limits{.max_content = kMaxContent};
  protocol::MessageDecoder decoder(context, limits);
  protocol::JsonReader reader;
  handlers::Dispatcher dispatcher(served_actions(), reader);
  Expectation expected;
  while (!expected.server_closes && !stream.empty()) {
    const auto event = decoder.next(as_bytes(stream));
    if (!event) {
      const Status status = protocol::status_of(event.error());
      expected.replies.push_back({{}, told_status(decoder.header(), status)});
      expected.server_closes = true;
      break;
    }
    if (event->kind == protocol::DecodeEvent::Kind::kNeedMore) {
      if (decoder.awaits_content()) {
        expected.timeout_status = told_status(decoder.header(), Status::kTimeout);
      }
      break;
    }
    const protocol::MessageHeader& header = decoder.header();
    stream.remove_prefix(event->bytes);
    // The clock stands still while requests come: any other deadline is kept.
    if (header.deadline && header.deadline->count() == 0) {
      expected.replies.push_back({{}, told_status(header, Status::kDeadlineExceeded)});
      expected.server_closes = !header.keep_alive;
      continue;
    }
    const handlers::Reply& reply = dispatcher.dispatch(header, event->content);
    APPD_CHECK(reply.status() != Status::kInternal, reply.detail());
    expected.server_closes = !header.keep_alive || closes_connection(reply.status());
    expected.replies.push_back({encode(header, reply, !expected.server_closes), std::nullopt});
  }
  return expected;
}

// Removes from `received` what was expected, in order; false: it breaks off.
bool take_expected(std::string_view& received, const Expectation& expected) {
  for (const Expected& reply : expected.replies) {
    if (received.empty()) return false;
    if (reply.status) {
      take_error_reply(received, *reply.status);
    } else {
      APPD_CHECK(received.starts_with(reply.bytes), received, reply.bytes);
      received.remove_prefix(reply.bytes.size());
    }
  }
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzInput input(data, size);
  const Script script = take_script(input);
  const Outcome outcome = serve(script);
  // A client that breaks off gets what it gets.
  if (script.end != Script::End::kFinish && script.end != Script::End::kStay) return 0;
  const Expectation expected = expect(script.stream);
  std::string_view received = outcome.received;
  APPD_CHECK(outcome.orderly_end);
  APPD_CHECK(take_expected(received, expected), expected.replies.size());
  if (received.empty()) return 0;
  // A message that did not come in time is the one thing that is said besides.
  APPD_CHECK(script.end == Script::End::kStay && !expected.server_closes, received);
  take_error_reply(received, expected.timeout_status);
  APPD_CHECK(received.empty(), received);
  return 0;
}
