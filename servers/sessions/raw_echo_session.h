// raw-echo (docs/protocol.md 2.4): every byte comes back.
#pragma once

#include "appd/servers/sessions/session.h"

namespace appd::servers {

class RawEchoSession final : public Session {
 public:
  explicit RawEchoSession(SessionStart&& start);

 private:
  reactor::Consumed on_bytes(std::span<const std::byte> bytes) override;
};

}  // namespace appd::servers
