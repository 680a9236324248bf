// app (docs/protocol.md 2.1): requests are dispatched to actions, replies come in their order.
#pragma once

#include "servers/session.h"

namespace appd::servers {

class AppSession final : public Session {
 public:
  AppSession(SessionContext& context, SessionId id, std::unique_ptr<reactor::Transport> transport);

 private:
  reactor::Consumed on_bytes(std::span<const std::byte> bytes) override;
  std::string_view action_name() override;
  void send_error(protocol::Status status, std::string_view text) override;
  void answer(const protocol::MessageHeader& header, std::span<const std::byte> content);
  [[nodiscard]] const handlers::Reply& reply_to(const protocol::MessageHeader& header,
                                                std::span<const std::byte> content);
  void log_internal_error(std::string_view detail);

  protocol::MessageDecoder decoder_;
};

}  // namespace appd::servers
