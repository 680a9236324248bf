// A stream socket as a transport: TCP or Unix.
#pragma once

#include "reactor/owned_fd.h"
#include "reactor/transport.h"

namespace appd::reactor {

class SocketTransport final : public Transport {
 public:
  // `socket`: connected or connecting, non-blocking (socket_posix.h).
  explicit SocketTransport(OwnedFd socket) : socket_(std::move(socket)) {}

  [[nodiscard]] Descriptor descriptor() const override { return socket_.get(); }
  [[nodiscard]] IoResult read(std::span<std::byte> into) override;
  [[nodiscard]] IoResult write(std::span<const std::byte> head,
                               std::span<const std::byte> body) override;
  [[nodiscard]] IoResult shutdown_write() override;
  [[nodiscard]] bool peer_ended() const override;
  [[nodiscard]] std::error_code connect_result() override;
  [[nodiscard]] Endpoint local_endpoint() const override;
  [[nodiscard]] Endpoint peer_endpoint() const override;

 private:
  OwnedFd socket_;
  bool write_shut_ = false;
};

}  // namespace appd::reactor
