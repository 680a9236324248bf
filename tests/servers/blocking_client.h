// The other end of a server on real sockets.
#pragma once

#include <sys/socket.h>

#include <string>
#include <string_view>

#include "appd/reactor/endpoint.h"
#include "appd/reactor/posix/owned_fd.h"

namespace appd::servers::testing {

// A client that blocks, for threads of its own; doctest's checks are for the main thread.
class BlockingClient {
 public:
  explicit BlockingClient(const reactor::Endpoint& server)
      : socket_(::socket(server.family(), SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    connected_ = ::connect(socket_.get(), server.address(), server.length()) == 0;
  }
  [[nodiscard]] bool connected() const { return connected_; }
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t count = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count < 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
  }
  std::string receive(std::size_t bytes) {
    std::string received(bytes, '\0');
    const ssize_t count = ::recv(socket_.get(), received.data(), bytes, MSG_WAITALL);
    received.resize(count < 0 ? 0 : static_cast<std::size_t>(count));
    return received;
  }
  // Closing then breaks the connection instead of ending it.
  void reset_at_close() {
    const ::linger at_once{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  }
  std::string receive_to_end() {
    std::string received;
    for (std::string piece; !(piece = receive(4096)).empty();) received += piece;
    return received;
  }

 private:
  reactor::OwnedFd socket_;
  bool connected_ = false;
};

}  // namespace appd::servers::testing
