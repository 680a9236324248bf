// A stream socket as a transport: TCP or Unix.
#pragma once

#include "appd/reactor/posix/owned_fd.h"
#include "appd/reactor/transport.h"

namespace appd::reactor {

// What a Transport does (transport.h), without a virtual function: four bytes.
class SocketStream {
 public:
  SocketStream() = default;
  // `socket`: connected or connecting, non-blocking (socket_posix.h).
  explicit SocketStream(OwnedFd socket) : socket_(std::move(socket)) {}

  [[nodiscard]] bool valid() const { return socket_.valid(); }
  [[nodiscard]] Descriptor descriptor() const { return socket_.get(); }
  [[nodiscard]] IoResult read(std::span<std::byte> into);
  [[nodiscard]] IoResult write(std::span<const std::byte> head, std::span<const std::byte> body);
  [[nodiscard]] IoResult write_last(std::span<const std::byte> head,
                                    std::span<const std::byte> body);
  [[nodiscard]] IoResult shutdown_write();
  [[nodiscard]] bool peer_ended() const;
  [[nodiscard]] bool input_waiting() const;
  [[nodiscard]] std::size_t unacknowledged_bytes() const;
  [[nodiscard]] std::error_code connect_result();
  [[nodiscard]] Endpoint local_endpoint() const;
  [[nodiscard]] Endpoint peer_endpoint() const;
  [[nodiscard]] std::optional<PeerProcess> peer_process() const;

 private:
  OwnedFd socket_;
};

class SocketTransport final : public Transport {
 public:
  explicit SocketTransport(SocketStream stream) : stream_(std::move(stream)) {}
  explicit SocketTransport(OwnedFd socket) : stream_(std::move(socket)) {}

  [[nodiscard]] Descriptor descriptor() const override { return stream_.descriptor(); }
  [[nodiscard]] IoResult read(std::span<std::byte> into) override { return stream_.read(into); }
  [[nodiscard]] IoResult write(std::span<const std::byte> head,
                               std::span<const std::byte> body) override {
    return stream_.write(head, body);
  }
  [[nodiscard]] IoResult write_last(std::span<const std::byte> head,
                                    std::span<const std::byte> body) override {
    return stream_.write_last(head, body);
  }
  [[nodiscard]] IoResult shutdown_write() override { return stream_.shutdown_write(); }
  [[nodiscard]] bool peer_ended() const override { return stream_.peer_ended(); }
  [[nodiscard]] bool input_waiting() const override { return stream_.input_waiting(); }
  [[nodiscard]] std::size_t unacknowledged_bytes() const override {
    return stream_.unacknowledged_bytes();
  }
  [[nodiscard]] std::error_code connect_result() override { return stream_.connect_result(); }
  [[nodiscard]] Endpoint local_endpoint() const override { return stream_.local_endpoint(); }
  [[nodiscard]] Endpoint peer_endpoint() const override { return stream_.peer_endpoint(); }
  [[nodiscard]] std::optional<PeerProcess> peer_process() const override {
    return stream_.peer_process();
  }

 private:
  SocketStream stream_;
};

}  // namespace appd::reactor
