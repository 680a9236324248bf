#include "appd/servers/sessions/raw_echo_session.h"

namespace appd::servers {

RawEchoSession::RawEchoSession(SessionStart&& start)
    : Session(std::move(start), Awaiting::kNextMessage) {}

reactor::Consumed RawEchoSession::on_bytes(std::span<const std::byte> bytes) {
  if (tells_life()) tell("echoing", {{"bytes", bytes.size()}});
  connection().send(bytes);
  return took(bytes, bytes.size());
}

}  // namespace appd::servers
