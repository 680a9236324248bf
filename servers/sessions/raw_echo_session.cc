#include "appd/servers/sessions/raw_echo_session.h"

namespace appd::servers {

RawEchoSession::RawEchoSession(SessionContext& context, Seat seat, reactor::AnyTransport transport)
    : Session(context, seat, std::move(transport), Awaiting::kNextMessage) {}

reactor::Consumed RawEchoSession::on_bytes(std::span<const std::byte> bytes) {
  if (tells_life()) tell("echoing", {{"bytes", bytes.size()}});
  connection().send(bytes);
  await(Awaiting::kNextMessage);
  return {.bytes = bytes.size()};
}

// Bytes have no place for an error: the end says it all.
void RawEchoSession::send_error(const Refusal& /*refusal*/) {}

}  // namespace appd::servers
