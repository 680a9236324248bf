// The echo protocols, and one as a coroutine, in a simulated world: what comes back is what was
// sent, as far as the protocol takes it, and the connection ends as it should. Where the client or
// the world breaks it off, what came until then is the same. Input: one byte that chooses the
// protocol, bytes that choose how the client sends, reads and ends, and what befalls them; then
// what it sends.
#include <algorithm>
#include <array>

#include "appd/protocol/frame_decoder.h"
#include "appd/protocol/message_decoder.h"
#include "appd/reactor/check.h"
#include "tests/fuzz/support/served_conversation.h"
#include "tests/support/streamed_frames.h"

namespace {

using namespace appd;
using namespace appd::fuzz;
using protocol::Protocol;
using testing::kStreamedFrames;

struct Echo {
  std::size_t bytes = 0;        // of the stream, that come back
  bool error_behind = false;    // and a message that says what was wrong
  bool within_message = false;  // the stream ends inside of one
};

Echo expect_frames(std::string_view stream) {
  Echo echo;
  while (echo.bytes < stream.size()) {
    const auto frame = protocol::decode_frame(as_bytes(stream.substr(echo.bytes)));
    if (!frame.complete) break;
    echo.bytes += frame.bytes;
  }
  echo.within_message = echo.bytes < stream.size();
  return echo;
}

// Content comes back as it arrives, however much is missing.
Echo expect_messages(std::string_view stream) {
  protocol::DecodeContext context;
  Echo echo;
  while (echo.bytes < stream.size()) {
    protocol::HeaderDecoder decoder(context, protocol::HeaderRules::kLengthOnly);
    const std::string_view rest = stream.substr(echo.bytes);
    const auto event = decoder.next(as_bytes(rest));
    echo.error_behind = !event;
    if (!event) break;
    if (event->kind == protocol::DecodeEvent::Kind::kNeedMore) {
      echo.within_message = true;
      break;
    }
    const std::size_t content_there = rest.size() - event->bytes;
    const std::uint64_t content = event->header->content_length;
    echo.within_message = content > content_there;
    echo.bytes +=
        event->bytes + static_cast<std::size_t>(std::min<std::uint64_t>(content, content_there));
    if (!event->header->keep_alive) break;
  }
  return echo;
}

Echo expect(Protocol protocol, std::string_view stream) {
  if (protocol == Protocol::kMessageEcho) return expect_messages(stream);
  if (protocol == Protocol::kFramedEcho || protocol == kStreamedFrames) {
    return expect_frames(stream);
  }
  return {.bytes = stream.size()};
}

void check(const Script& script, const Outcome& outcome, const Echo& expected) {
  std::string_view received = outcome.received;
  std::string_view echo = script.client.stream.substr(0, expected.bytes);
  if (outcome.broken_off) echo = echo.substr(0, received.size());
  APPD_CHECK(received.starts_with(echo), received);
  received.remove_prefix(echo.size());
  if (outcome.broken_off && !holds_message(received)) return;
  APPD_CHECK(outcome.broken_off || outcome.orderly_end);
  if (expected.error_behind) take_error_reply(received, "bad_header");
  if (received.empty()) return;
  // A message that began and did not end in time is the one thing that is said besides.
  const bool stays = script.client.end == FarEnd::End::kStay;
  APPD_CHECK(script.protocol == Protocol::kMessageEcho && stays, received);
  take_error_reply(received, "timeout");
  APPD_CHECK(received.empty(), received);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::array kProtocols = {Protocol::kMessageEcho, Protocol::kFramedEcho,
                                     Protocol::kRawEcho, kStreamedFrames};
  FuzzInput input(data, size);
  const Protocol protocol = kProtocols[input.take_below(kProtocols.size())];
  Script script = take_script(input);
  script.protocol = protocol;
  const Outcome outcome = serve(script);
  if (!outcome.jumped) check(script, outcome, expect(protocol, script.client.stream));
  return 0;
}
