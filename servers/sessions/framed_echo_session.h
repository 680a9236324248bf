// framed-echo (docs/protocol.md 2.3): each length-prefixed frame comes back.
#pragma once

#include "appd/servers/sessions/session.h"

namespace appd::servers {

class FramedEchoSession final : public Session {
 public:
  FramedEchoSession(SessionContext& context, Seat seat, reactor::AnyTransport transport);

 private:
  reactor::Consumed on_bytes(std::span<const std::byte> bytes) override;
  std::string_view action_name() override { return "framed-echo"; }
  void send_error(const Refusal& refusal) override;
};

}  // namespace appd::servers
