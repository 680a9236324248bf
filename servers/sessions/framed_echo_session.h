// framed-echo (docs/protocol.md 2.3): each length-prefixed frame comes back.
#pragma once

#include "appd/servers/sessions/session.h"

namespace appd::servers {

class FramedEchoSession final : public Session {
 public:
  explicit FramedEchoSession(SessionStart&& start);

 private:
  reactor::Consumed on_bytes(std::span<const std::byte> bytes) override;
};

}  // namespace appd::servers
