#include "appd/servers/sessions/framed_echo_session.h"

#include "appd/protocol/frame_decoder.h"

namespace appd::servers {

FramedEchoSession::FramedEchoSession(SessionStart&& start)
    : Session(std::move(start), Awaiting::kNextMessage) {}

// Whole frames are sent as they lie, prefixes included, with one write.
reactor::Consumed FramedEchoSession::on_bytes(std::span<const std::byte> bytes) {
  std::size_t whole = 0;
  protocol::Frame frame;
  while ((frame = protocol::decode_frame(bytes.subspan(whole))).complete) {
    whole += frame.bytes;
    if (tells_life()) tell("echoing", {{"bytes", frame.payload.size()}});
  }
  if (whole > 0) connection().send(bytes.first(whole));
  return took(bytes, whole, frame.bytes);
}

}  // namespace appd::servers
