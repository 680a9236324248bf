// raw-echo (docs/protocol.md 2.4): every byte comes back.
#pragma once

#include "appd/servers/sessions/session.h"

namespace appd::servers {

class RawEchoSession final : public Session {
 public:
  RawEchoSession(SessionContext& context, Seat seat, reactor::AnyTransport transport);

 private:
  reactor::Consumed on_bytes(std::span<const std::byte> bytes) override;
  std::string_view action_name() override { return "raw-echo"; }
  void send_error(const Refusal& refusal) override;
};

}  // namespace appd::servers
