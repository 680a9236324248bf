#include "appd/reactor/posix/transport_socket.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>

#include "appd/reactor/posix/socket_posix.h"

namespace appd::reactor {
namespace {

IoResult moved(std::size_t bytes) { return {IoOutcome::kBytes, Interest::kNone, bytes, {}}; }

IoResult would_block(Interest wants) { return {IoOutcome::kWouldBlock, wants, 0, {}}; }

IoResult end_of_stream() { return {IoOutcome::kEnd, Interest::kNone, 0, {}}; }

IoResult broken(int error) {
  return {IoOutcome::kError, Interest::kNone, 0, {error, std::system_category()}};
}

ssize_t send_one(Descriptor fd, std::span<const std::byte> bytes, int flags) {
  return ::send(fd, bytes.data(), bytes.size(), flags);
}

ssize_t send_two(Descriptor fd, std::span<const std::byte> head, std::span<const std::byte> body,
                 int flags) {
  // sendmsg(2) does not write through the pointers; iovec has no const of its own.
  std::array<iovec, 2> pieces{
      iovec{const_cast<std::byte*>(head.data()), head.size()},
      iovec{const_cast<std::byte*>(body.data()), body.size()},
  };
  msghdr message{};
  message.msg_iov = pieces.data();
  message.msg_iovlen = pieces.size();
  return ::sendmsg(fd, &message, flags);
}

IoResult send_bytes(Descriptor fd, std::span<const std::byte> head, std::span<const std::byte> body,
                    int flags) {
  if (head.empty() && body.empty()) return moved(0);
  for (;;) {
    const ssize_t count = body.empty()   ? send_one(fd, head, flags)
                          : head.empty() ? send_one(fd, body, flags)
                                         : send_two(fd, head, body, flags);
    if (count >= 0) return moved(static_cast<std::size_t>(count));
    const int error = errno;
    if (is_send_would_block(error)) return would_block(Interest::kWrite);
    if (error != EINTR) return broken(error);
  }
}

// Where nobody listens on a local port that the system also gives to clients, it may give the very
// port that is called; TCP then connects the socket with itself (RFC 9293, 3.5). The ports are
// compared first: they differ nearly always.
bool is_own_end(const Endpoint& local, const Endpoint& peer) {
  if (local.family() != AF_INET && local.family() != AF_INET6) return false;
  return local.port() == peer.port() && local == peer;
}

// Nothing lingers of it then, which would keep a server from the port for a minute.
void reset_at_close(Descriptor fd) {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  (void)::setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
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

IoResult SocketStream::read(std::span<std::byte> into) {
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

IoResult SocketStream::write(std::span<const std::byte> head, std::span<const std::byte> body) {
  return send_bytes(socket_.get(), head, body, kSendFlags);
}

IoResult SocketStream::write_last(std::span<const std::byte> head,
                                  std::span<const std::byte> body) {
  return send_bytes(socket_.get(), head, body, kSendLastFlags);
}

IoResult SocketStream::shutdown_write() {
  if (::shutdown(socket_.get(), SHUT_WR) == 0) return moved(0);
  // There is nobody left to tell, or a second call comes behind the peer's end.
  return errno == ENOTCONN ? moved(0) : broken(errno);
}

bool SocketStream::peer_ended() const { return shows_end(socket_.get()); }

bool SocketStream::input_waiting() const { return waiting_bytes(socket_.get()) > 0; }

std::size_t SocketStream::unacknowledged_bytes() const { return unsent_bytes(socket_.get()); }

std::error_code SocketStream::connect_result() {
  int error = 0;
  socklen_t length = sizeof error;
  if (::getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error, &length) != 0) error = errno;
  if (error != 0) return {error, std::system_category()};
  // No error is not the same as connected. Readiness is only a hint; and the reason of a failure is
  // told once, which libkqueue uses up before us.
  if (const Endpoint peer = peer_endpoint(); peer.family() != AF_UNSPEC) {
    if (!is_own_end(local_endpoint(), peer)) return {};
    reset_at_close(socket_.get());
    return {ECONNREFUSED, std::system_category()};
  }
  char byte = 0;
  const ssize_t count = ::recv(socket_.get(), &byte, 1, MSG_PEEK);
  const bool under_way = count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
  return {under_way ? EINPROGRESS : ENOTCONN, std::system_category()};
}

Endpoint SocketStream::local_endpoint() const { return ask_endpoint(::getsockname, socket_.get()); }

Endpoint SocketStream::peer_endpoint() const { return ask_endpoint(::getpeername, socket_.get()); }

std::optional<PeerProcess> SocketStream::peer_process() const {
  return peer_process_of(socket_.get());
}

}  // namespace appd::reactor
