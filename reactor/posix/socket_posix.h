// Where POSIX systems' sockets differ, each difference under one name. For transport_socket.cc and
// network_posix.cc.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>

#ifdef __linux__
#include <linux/sockios.h>
#else
#include <sys/un.h>
#endif

#include <optional>

#include "appd/reactor/posix/owned_fd.h"
#include "appd/reactor/transport.h"

namespace appd::reactor {

// A send to a peer that is gone must not raise SIGPIPE: a flag of each send, or else an option of
// the socket (SO_NOSIGPIPE, macOS), set by prepare_descriptor().
#ifdef MSG_NOSIGNAL
inline constexpr int kSendFlags = MSG_NOSIGNAL;
#else
inline constexpr int kSendFlags = 0;
#endif

// Bytes that the end follows wait for it and share its segment (send(2), MSG_MORE): one packet less
// for both sides. Held back for 200 ms at most, should the end fail to come.
#ifdef MSG_MORE
inline constexpr int kSendLastFlags = kSendFlags | MSG_MORE;
#else
inline constexpr int kSendLastFlags = kSendFlags;
#endif

// On the BSDs a full queue of the interface is ENOBUFS and passes like a full send buffer.
[[nodiscard]] inline bool is_send_would_block(int error) {
#ifndef __linux__
  if (error == ENOBUFS) return true;
#endif
  return error == EAGAIN || error == EWOULDBLOCK;
}

// tcp(7): an accepted socket takes over TCP_NODELAY from its listener.
#if defined(__linux__) || defined(__FreeBSD__)
inline constexpr bool kAcceptInheritsNoDelay = true;
#else
inline constexpr bool kAcceptInheritsNoDelay = false;
#endif

// Spreads connections over the sockets of one port; FreeBSD's plain SO_REUSEPORT does not.
#ifdef SO_REUSEPORT_LB
inline constexpr int kReusePortOption = SO_REUSEPORT_LB;
#else
inline constexpr int kReusePortOption = SO_REUSEPORT;
#endif

// Who connected a Unix socket, as the kernel saw it then: SO_PEERCRED (unix(7)), getpeereid(3) and
// LOCAL_PEERPID (macOS) elsewhere. nullopt: it is no Unix socket.
[[nodiscard]] inline std::optional<PeerProcess> peer_process_of(Descriptor fd) {
  PeerProcess process;
#ifdef __linux__
  ucred credentials{};
  socklen_t length = sizeof credentials;
  // (Of a TCP socket the kernel says 0 and no user.)
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &length) != 0) return std::nullopt;
  if (credentials.pid <= 0) return std::nullopt;
  process.uid = credentials.uid;
  process.pid = credentials.pid;
#else
  uid_t uid = 0;
  gid_t gid = 0;
  if (::getpeereid(fd, &uid, &gid) != 0) return std::nullopt;
  process.uid = uid;
#ifdef LOCAL_PEERPID
  pid_t pid = 0;
  socklen_t length = sizeof pid;
  if (::getsockopt(fd, SOL_LOCAL, LOCAL_PEERPID, &pid, &length) == 0) process.pid = pid;
#endif
#endif
  return process;
}

// The peer's end, which a read would show behind what is unread only: poll(2). Without POLLRDHUP it
// is POLLHUP (macOS), or is told when both directions have ended.
#ifdef POLLRDHUP
inline constexpr short kEndEvents = POLLRDHUP;
#else
inline constexpr short kEndEvents = 0;
#endif
[[nodiscard]] inline bool shows_end(Descriptor fd) {
  pollfd asked{.fd = fd, .events = kEndEvents, .revents = 0};
  return ::poll(&asked, 1, 0) == 1;
}

// Bytes that a read would give now.
[[nodiscard]] inline std::size_t waiting_bytes(Descriptor fd) {
  int bytes = 0;
  return ::ioctl(fd, FIONREAD, &bytes) == 0 && bytes > 0 ? static_cast<std::size_t>(bytes) : 0;
}

// Of the socket's send queue: tcp(7) and unix(7), SIOCOUTQ; SO_NWRITE (macOS); FIONWRITE (the
// BSDs). 0 also where the system has none of them.
[[nodiscard]] inline std::size_t unsent_bytes([[maybe_unused]] Descriptor fd) {
  int bytes = 0;
#if defined(SIOCOUTQ)
  if (::ioctl(fd, SIOCOUTQ, &bytes) != 0) return 0;
#elif defined(SO_NWRITE)
  socklen_t length = sizeof bytes;
  if (::getsockopt(fd, SOL_SOCKET, SO_NWRITE, &bytes, &length) != 0) return 0;
#elif defined(FIONWRITE)
  if (::ioctl(fd, FIONWRITE, &bytes) != 0) return 0;
#endif
  return bytes > 0 ? static_cast<std::size_t>(bytes) : 0;
}

// What the system did not set when it made the socket. 0 or -1 with errno.
[[nodiscard]] inline int prepare_descriptor([[maybe_unused]] Descriptor fd) {
#ifndef SOCK_NONBLOCK
  if (::fcntl(fd, F_SETFL, O_NONBLOCK) != 0 || ::fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) return -1;
#endif
#ifdef SO_NOSIGPIPE
  const int on = 1;
  if (::setsockopt(fd, SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof on) != 0) return -1;
#endif
  return 0;
}

// A non-blocking stream socket, closed on exec. Invalid: errno says why.
[[nodiscard]] inline OwnedFd make_stream_socket(int family) {
#ifdef SOCK_NONBLOCK
  OwnedFd socket(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
#else
  OwnedFd socket(::socket(family, SOCK_STREAM, 0));
#endif
  if (socket.valid() && prepare_descriptor(socket.get()) != 0) {
    const int error = errno;
    socket.reset();
    errno = error;
  }
  return socket;
}

// Likewise, from a listening socket.
[[nodiscard]] inline OwnedFd accept_stream(Descriptor listener) {
#ifdef SOCK_NONBLOCK
  OwnedFd socket(::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
#else
  OwnedFd socket(::accept(listener, nullptr, nullptr));
#endif
  if (socket.valid() && prepare_descriptor(socket.get()) != 0) {
    socket.reset();
    errno = ECONNABORTED;  // macOS answers EINVAL for a peer that is gone by now
  }
  return socket;
}

}  // namespace appd::reactor
