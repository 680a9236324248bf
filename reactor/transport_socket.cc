#include "reactor/transport_socket.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>

#include "reactor/socket_posix.h"

namespace appd::reactor {
namespace {

IoResult moved(std::size_t bytes) { return {IoOutcome::kBytes, Interest::kNone, bytes, {}}; }

IoResult would_block(Interest wants) { return {IoOutcome::kWouldBlock, wants, 0, {}}; }

IoResult end_of_stream() { return {IoOutcome::kEnd, Interest::kNone, 0, {}}; }

IoResult broken(int error) {
  return {IoOutcome::kError, Interest::kNone, 0, {error, std::system_category()}};
}

ssize_t send_one(Descriptor fd, std::span<const std::byte> bytes) {
  return ::send(fd, bytes.data(), bytes.size(), kSendFlags);
}

ssize_t send_two(Descriptor fd, std::span<const std::byte> head, std::span<const std::byte> body) {
  // sendmsg(2) does not write through the pointers; iovec has no const of its own.
  std::array<iovec, 2> pieces{
      iovec{const_cast<std::byte*>(head.data()), head.size()},
      iovec{const_cast<std::byte*>(body.data()), body.size()},
  };
  msghdr message{};
  message.msg_iov = pieces.data();
  message.msg_iovlen = pieces.size();
  return ::sendmsg(fd, &message, kSendFlags);
}

using NameCall = int (*)(int, sockaddr*, socklen_t*);

Endpoint ask_endpoint(NameCall call, Descriptor fd) {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  auto* address = reinterpret_cast<sockaddr*>(&storage);
  if (call(fd, address, &length) != 0) return {};
  return {address, length};
}

}  // namespace

IoResult SocketTransport::read(std::span<std::byte> into) {
  if (into.empty()) return moved(0);  // recv would answer 0, which means the end otherwise
  for (;;) {
    const ssize_t count = ::recv(socket_.get(), into.data(), into.size(), 0);
    if (count > 0) return moved(static_cast<std::size_t>(count));
    if (count == 0) return end_of_stream();
    const int error = errno;
    if (error == EAGAIN || error == EWOULDBLOCK) return would_block(Interest::kRead);
    if (error != EINTR) return broken(error);
  }
}

IoResult SocketTransport::write(std::span<const std::byte> head, std::span<const std::byte> body) {
  if (head.empty() && body.empty()) return moved(0);
  for (;;) {
    const ssize_t count = body.empty()   ? send_one(socket_.get(), head)
                          : head.empty() ? send_one(socket_.get(), body)
                                         : send_two(socket_.get(), head, body);
    if (count >= 0) return moved(static_cast<std::size_t>(count));
    const int error = errno;
    if (is_send_would_block(error)) return would_block(Interest::kWrite);
    if (error != EINTR) return broken(error);
  }
}

IoResult SocketTransport::shutdown_write() {
  // A second call fails with ENOTCONN once the peer has closed, too.
  if (write_shut_) return moved(0);
  if (::shutdown(socket_.get(), SHUT_WR) != 0) return broken(errno);
  write_shut_ = true;
  return moved(0);
}

bool SocketTransport::peer_ended() const { return shows_end(socket_.get()); }

std::error_code SocketTransport::connect_result() {
  int error = 0;
  socklen_t length = sizeof error;
  if (::getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error, &length) != 0) error = errno;
  if (error != 0) return {error, std::system_category()};
  // No error is not the same as connected. Readiness is only a hint; and the reason of a failure is
  // told once, which libkqueue uses up before us.
  sockaddr_storage storage{};
  length = sizeof storage;
  if (::getpeername(socket_.get(), reinterpret_cast<sockaddr*>(&storage), &length) == 0) return {};
  char byte = 0;
  const ssize_t count = ::recv(socket_.get(), &byte, 1, MSG_PEEK);
  const bool under_way = count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
  return {under_way ? EINPROGRESS : ENOTCONN, std::system_category()};
}

Endpoint SocketTransport::local_endpoint() const {
  return ask_endpoint(::getsockname, socket_.get());
}

Endpoint SocketTransport::peer_endpoint() const {
  return ask_endpoint(::getpeername, socket_.get());
}

}  // namespace appd::reactor
