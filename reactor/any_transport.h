// One owner for a transport of any kind. A plain socket lies in it, without memory of its own and
// without a virtual call; every other kind is held by pointer. Nobody who uses it sees a
// difference.
#pragma once

#include <concepts>
#include <cstddef>
#include <memory>
#include <utility>

#include "appd/reactor/posix/transport_socket.h"
#include "appd/reactor/transport.h"

namespace appd::reactor {

class AnyTransport {
 public:
  // Without a transport: only assignment, comparison and destruction are allowed.
  AnyTransport() = default;
  AnyTransport(std::nullptr_t) {}
  AnyTransport(SocketStream socket) : socket_(std::move(socket)) {}
  template <std::derived_from<Transport> Kind>
  AnyTransport(std::unique_ptr<Kind> other) : other_(std::move(other)) {}

  [[nodiscard]] bool operator==(std::nullptr_t) const {
    return other_ == nullptr && !socket_.valid();
  }
  [[nodiscard]] explicit operator bool() const { return !(*this == nullptr); }
  // As an object of its own; this one is left without a transport.
  [[nodiscard]] std::unique_ptr<Transport> release();

  // transport.h
  [[nodiscard]] Descriptor descriptor() const {
    return other_ ? other_->descriptor() : socket_.descriptor();
  }
  [[nodiscard]] IoResult read(std::span<std::byte> into) {
    return other_ ? other_->read(into) : socket_.read(into);
  }
  [[nodiscard]] IoResult write(std::span<const std::byte> head, std::span<const std::byte> body) {
    return other_ ? other_->write(head, body) : socket_.write(head, body);
  }
  [[nodiscard]] IoResult write_last(std::span<const std::byte> head,
                                    std::span<const std::byte> body) {
    return other_ ? other_->write_last(head, body) : socket_.write_last(head, body);
  }
  [[nodiscard]] IoResult shutdown_write() {
    return other_ ? other_->shutdown_write() : socket_.shutdown_write();
  }
  [[nodiscard]] bool peer_ended() const {
    return other_ ? other_->peer_ended() : socket_.peer_ended();
  }
  [[nodiscard]] bool input_waiting() const {
    return other_ ? other_->input_waiting() : socket_.input_waiting();
  }
  [[nodiscard]] std::size_t unacknowledged_bytes() const {
    return other_ ? other_->unacknowledged_bytes() : socket_.unacknowledged_bytes();
  }
  [[nodiscard]] std::error_code connect_result() {
    return other_ ? other_->connect_result() : socket_.connect_result();
  }
  [[nodiscard]] bool has_buffered_input() const { return other_ && other_->has_buffered_input(); }
  [[nodiscard]] Endpoint local_endpoint() const {
    return other_ ? other_->local_endpoint() : socket_.local_endpoint();
  }
  [[nodiscard]] Endpoint peer_endpoint() const {
    return other_ ? other_->peer_endpoint() : socket_.peer_endpoint();
  }
  [[nodiscard]] std::optional<PeerProcess> peer_process() const {
    return other_ ? other_->peer_process() : socket_.peer_process();
  }

 private:
  std::unique_ptr<Transport> other_;
  SocketStream socket_;
};

inline std::unique_ptr<Transport> AnyTransport::release() {
  if (other_) return std::move(other_);
  return socket_.valid() ? std::make_unique<SocketTransport>(std::move(socket_)) : nullptr;
}

}  // namespace appd::reactor
