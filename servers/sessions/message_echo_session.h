// message-echo (docs/protocol.md 2.2): each message comes back verbatim; its content streams
// through, so that a message may be larger than memory.
#pragma once

#include "appd/servers/sessions/session.h"

namespace appd::servers {

class MessageEchoSession final : public Session {
 public:
  explicit MessageEchoSession(SessionStart&& start);

 private:
  reactor::Consumed on_bytes(std::span<const std::byte> bytes) override;
  void send_error(const Refusal& refusal) override;
  void begin_content(const protocol::MessageHeader& header);
  std::size_t pass_on(std::span<const std::byte> rest, std::size_t header_bytes);
  void end_message();

  bool in_content_ : 1 = false;
  bool keep_alive_ : 1 = false;
  std::uint64_t content_left_ = 0;  // bytes of the message under way that are still to come
};

}  // namespace appd::servers
