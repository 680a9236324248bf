#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/stat.h>

#include <cerrno>
#include <fstream>
#include <utility>

#include "appd/reactor/network.h"
#include "appd/reactor/posix/socket_posix.h"
#include "appd/reactor/posix/transport_socket.h"
#include "appd/reactor/posix/unix_path.h"

namespace appd::reactor {
namespace {

bool is_tcp(const Endpoint& endpoint) {
  return endpoint.family() == AF_INET || endpoint.family() == AF_INET6;
}

int set_option(Descriptor fd, int level, int name, int value) {
  return ::setsockopt(fd, level, name, &value, sizeof value);
}

// accept(2) passes on network errors that wait on the new connection. They say nothing about the
// listening socket.
bool concerns_one_connection(int error) {
  switch (error) {
    case ECONNABORTED:
    case ECONNRESET:
    case EPROTO:
    case ENOPROTOOPT:
    case EOPNOTSUPP:
    case ENETDOWN:
    case ENETUNREACH:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case ETIMEDOUT:
    case EPERM:  // a firewall's rule
#ifdef ENONET
    case ENONET:
#endif
      return true;
    default:
      return false;
  }
}

class PosixListeningSocket final : public ListeningSocket {
 public:
  PosixListeningSocket(OwnedFd socket, UnixPath path, bool is_tcp)
      : path_(std::move(path)), socket_(std::move(socket)), is_tcp_(is_tcp) {}
  // While the socket still listens, so that no other program takes the path for a stale one and
  // has it removed here under its hands.
  ~PosixListeningSocket() override { path_.remove(); }

  Descriptor descriptor() const override { return socket_.get(); }
  AcceptResult accept() override;
  Endpoint local_endpoint() const override;

 private:
  UnixPath path_;
  OwnedFd socket_;
  bool is_tcp_;
};

AcceptResult PosixListeningSocket::accept() {
  OwnedFd accepted;
  do {
    accepted = accept_stream(socket_.get());
  } while (!accepted.valid() && errno == EINTR);
  const int error = errno;
  if (accepted.valid()) {
    // Fails only when the peer is gone, which the first read tells.
    if (is_tcp_ && !kAcceptInheritsNoDelay) {
      (void)set_option(accepted.get(), IPPROTO_TCP, TCP_NODELAY, 1);
    }
    return {.outcome = AcceptOutcome::kAccepted,
            .transport = SocketStream(std::move(accepted)),
            .error = {}};
  }
  if (error == EAGAIN || error == EWOULDBLOCK) return {};
  // EMFILE, ENFILE, ENOBUFS, ENOMEM; whatever else there may be must not make the loop spin either.
  const auto outcome =
      concerns_one_connection(error) ? AcceptOutcome::kRetry : AcceptOutcome::kExhausted;
  return {.outcome = outcome, .transport = nullptr, .error = {error, std::system_category()}};
}

Endpoint PosixListeningSocket::local_endpoint() const {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  auto* address = reinterpret_cast<sockaddr*>(&storage);
  if (::getsockname(socket_.get(), address, &length) != 0) return {};
  return {address, length};
}

// 0 or -1 with errno.
int set_listen_options(Descriptor fd, const Endpoint& endpoint, const ListenOptions& options) {
  if (set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1) != 0) return -1;
  if (options.reuse_port && set_option(fd, SOL_SOCKET, kReusePortOption, 1) != 0) return -1;
  if (endpoint.family() == AF_INET6) {
    const int only_v6 = options.dual_stack ? 0 : 1;
    // OpenBSD has no dual-stack sockets and refuses to make one; it serves IPv6 alone.
    const int result = set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, only_v6);
    if (result != 0 && !options.dual_stack) return -1;
  }
  return set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
}

// Whether somebody listens on `endpoint`: 0, or errno. Binding without SO_REUSEPORT tells.
int probe_in_use(const Endpoint& endpoint, ListenOptions options) {
  options.reuse_port = false;
  const OwnedFd probe = make_stream_socket(endpoint.family());
  if (!probe.valid() || set_listen_options(probe.get(), endpoint, options) != 0) return errno;
  return ::bind(probe.get(), endpoint.address(), endpoint.length()) == 0 ? 0 : errno;
}

tl::unexpected<Error> endpoint_failure(int error, const std::string& verb,
                                       const Endpoint& endpoint) {
  const std::string context = verb + ' ' + endpoint.to_string();
  if (error != EINVAL || !endpoint.lacks_zone()) return system_failure(error, context);
  return fail(
      {error, std::system_category()},
      context + ": a link-local address needs its interface, as in [" + endpoint.host() + "%eth0]");
}

// Gives the path of a socket that does not listen yet its permissions. A symbolic link that came
// into its place is not followed. 0 or -1 with errno.
int set_path_mode(const Endpoint& endpoint, unsigned mode) {
  const std::string path = endpoint.host();
  if (::fchmodat(AT_FDCWD, path.c_str(), mode, AT_SYMLINK_NOFOLLOW) == 0) return 0;
  // The C library does without following only where there is a /proc.
  return errno == EOPNOTSUPP || errno == ENOSYS ? ::chmod(path.c_str(), mode) : -1;
}

class PosixNetwork final : public Network {
 public:
  Result<std::unique_ptr<ListeningSocket>> listen(const Endpoint& endpoint,
                                                  const ListenOptions& options) override {
    OwnedFd socket = make_stream_socket(endpoint.family());
    if (!socket.valid()) return endpoint_failure(errno, kListen, endpoint);
    if (!is_tcp(endpoint)) return listen_unix(std::move(socket), endpoint, options);
    if (options.reuse_port && !options.joins_group) {
      if (const int error = probe_in_use(endpoint, options)) {
        return endpoint_failure(error, kListen, endpoint);
      }
    }
    if (set_listen_options(socket.get(), endpoint, options) != 0 ||
        ::bind(socket.get(), endpoint.address(), endpoint.length()) != 0 ||
        ::listen(socket.get(), options.backlog) != 0) {
      return endpoint_failure(errno, kListen, endpoint);
    }
    return std::make_unique<PosixListeningSocket>(std::move(socket), UnixPath(), true);
  }

  Result<AnyTransport> connect(const Endpoint& endpoint) override {
    OwnedFd socket = make_stream_socket(endpoint.family());
    if (!socket.valid() ||
        (is_tcp(endpoint) && set_option(socket.get(), IPPROTO_TCP, TCP_NODELAY, 1) != 0)) {
      return endpoint_failure(errno, kConnect, endpoint);
    }
    // An interrupted connect goes on by itself (connect(2), EINTR).
    if (::connect(socket.get(), endpoint.address(), endpoint.length()) != 0 &&
        errno != EINPROGRESS && errno != EINTR) {
      return endpoint_failure(errno, kConnect, endpoint);
    }
    return AnyTransport(SocketStream(std::move(socket)));
  }

 private:
  static constexpr const char* kListen = "listen on";
  static constexpr const char* kConnect = "connect to";

  static Result<std::unique_ptr<ListeningSocket>> listen_unix(OwnedFd socket,
                                                              const Endpoint& endpoint,
                                                              const ListenOptions& options) {
    // From the look at the path to the listen: a socket that is bound but does not listen yet
    // looks like one that a dead process left behind.
    const UnixPathLock lock(endpoint);
    if (::bind(socket.get(), endpoint.address(), endpoint.length()) != 0) {
      if (errno != EADDRINUSE || !remove_stale_socket(endpoint, lock)) {
        return endpoint_failure(errno, kListen, endpoint);
      }
      if (::bind(socket.get(), endpoint.address(), endpoint.length()) != 0) {
        return endpoint_failure(errno, kListen, endpoint);
      }
    }
    UnixPath path(endpoint);
    // Nobody can connect before the listen, so that there is no moment with other permissions.
    if (set_path_mode(endpoint, options.mode) != 0 ||
        ::listen(socket.get(), options.backlog) != 0) {
      const int error = errno;
      path.remove(lock);
      return endpoint_failure(error, kListen, endpoint);
    }
    return std::make_unique<PosixListeningSocket>(std::move(socket), std::move(path), false);
  }
};

}  // namespace

std::size_t max_backlog() {
  static const std::size_t limit = [] {
    std::size_t configured = 0;
    std::ifstream file("/proc/sys/net/core/somaxconn");
    return file >> configured && configured > 0 ? configured : std::size_t{SOMAXCONN};
  }();
  return limit;
}

Network& posix_network() {
  static PosixNetwork network;
  return network;
}

}  // namespace appd::reactor
