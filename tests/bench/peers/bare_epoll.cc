// The floor: an epoll loop that moves bytes and parses nothing.
//
//   bare_epoll echo                       every byte comes back
//   bare_epoll reply REQUEST_BYTES FILE   the file's bytes for every REQUEST_BYTES that came
//   bare_epoll one-shot REQUEST_BYTES FILE   likewise, once, and the connection is closed
//   bare_epoll one-shot-in-order REQUEST_BYTES FILE   likewise, but closed only when the peer's end
//   has
//                                                     come: until then a reset could destroy the
//                                                     reply
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/bench/peers/listening_port.h"

namespace {

constexpr std::size_t kReadBytes = 64 * 1024;
constexpr int kEvents = 256;
// Replies one behind the other, so that those to one read leave with one send.
constexpr std::size_t kPreparedBytes = 256 * 1024;

struct Peer {
  int fd = -1;
  std::size_t received = 0;  // bytes of the request under way
  std::string unsent;        // what the kernel did not take
};

enum class Mode { kEcho, kReply, kOneShot, kOneShotInOrder };

[[noreturn]] void die(const char* what) {
  std::perror(what);
  std::exit(1);
}

class Loop {
 public:
  Loop(Mode mode, std::size_t request_bytes, std::string reply)
      : mode_(mode), request_bytes_(request_bytes), reply_bytes_(reply.size()) {
    if (mode == Mode::kEcho) return;
    do prepared_ += reply;
    while (prepared_.size() < kPreparedBytes);
  }

  void listen() {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    const int on = 1;
    // Accepted sockets inherit it (Linux).
    ::setsockopt(listener_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listener_, generic, length) != 0 || ::listen(listener_, 4096) != 0) die("listen");
    ::getsockname(listener_, generic, &length);
    watch(EPOLL_CTL_ADD, listener_, EPOLLIN, nullptr);
    appd::bench::print_listening(ntohs(address.sin_port));
  }

  [[noreturn]] void run() {
    std::array<epoll_event, kEvents> events;
    for (;;) {
      const int count = ::epoll_wait(epoll_, events.data(), kEvents, -1);
      for (int i = 0; i < count; ++i) {
        const epoll_event& event = events[static_cast<std::size_t>(i)];
        if (event.data.ptr == nullptr) {
          accept();
        } else {
          ready(*static_cast<Peer*>(event.data.ptr), event.events);
        }
      }
      close_ended();
    }
  }

 private:
  void watch(int operation, int fd, unsigned interest, Peer* peer) {
    epoll_event event{};
    event.events = interest;
    event.data.ptr = peer;
    if (::epoll_ctl(epoll_, operation, fd, &event) != 0) die("epoll_ctl");
  }

  // One an event: an accept4 that finds nothing is dear.
  void accept() {
    const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK);
    if (fd < 0) return;
    if (mode_ >= Mode::kOneShot && answer_at_once(fd)) return;
    watch(EPOLL_CTL_ADD, fd, EPOLLIN, new Peer{.fd = fd, .received = 0, .unsent = {}});
  }

  // The request is often there before its accept, and then epoll need not know of it.
  bool answer_at_once(int fd) {
    const ssize_t count = ::recv(fd, buffer_.data(), buffer_.size(), 0);
    if (count < static_cast<ssize_t>(request_bytes_)) {
      if (count > 0) std::fprintf(stderr, "a request in pieces: not for this floor\n");
      return false;
    }
    if (mode_ == Mode::kOneShotInOrder) {
      (void)::send(fd, prepared_.data(), reply_bytes_, MSG_NOSIGNAL | MSG_MORE);
      ::shutdown(fd, SHUT_WR);
      ending_.push_back(fd);
    } else {
      (void)::send(fd, prepared_.data(), reply_bytes_, MSG_NOSIGNAL);
      ::close(fd);
    }
    return true;
  }

  // The end of most peers has come by the end of the turn; epoll watches for the others'.
  void close_ended() {
    for (const int fd : ending_) {
      if (::recv(fd, buffer_.data(), buffer_.size(), 0) < 0 && errno == EAGAIN) {
        watch(EPOLL_CTL_ADD, fd, EPOLLIN, new Peer{.fd = fd, .received = 0, .unsent = {}});
      } else {
        ::close(fd);
      }
    }
    ending_.clear();
  }

  void ready(Peer& peer, unsigned events) {
    if ((events & EPOLLOUT) != 0 && !flush(peer)) return;
    if (!peer.unsent.empty()) return;
    const ssize_t count = ::recv(peer.fd, buffer_.data(), buffer_.size(), 0);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (count <= 0) {
      close(peer);
      return;
    }
    answer(peer, static_cast<std::size_t>(count));
  }

  void answer(Peer& peer, std::size_t count) {
    if (mode_ == Mode::kEcho) {
      send(peer, {buffer_.data(), count});
      return;
    }
    peer.received += count;
    std::size_t replies = peer.received / request_bytes_;
    peer.received %= request_bytes_;
    const std::size_t at_once = prepared_.size() / reply_bytes_;
    while (replies > 0) {
      const std::size_t now = std::min(replies, at_once);
      if (!send(peer, {prepared_.data(), now * reply_bytes_})) return;
      replies -= now;
    }
    if (peer.received > 0 || !peer.unsent.empty()) return;
    if (mode_ == Mode::kOneShot) close(peer);
    if (mode_ == Mode::kOneShotInOrder) ::shutdown(peer.fd, SHUT_WR);
  }

  // False: the peer is gone.
  bool send(Peer& peer, std::string_view bytes) {
    if (!peer.unsent.empty()) {
      peer.unsent += bytes;
      return true;
    }
    const ssize_t sent = ::send(peer.fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN) {
      close(peer);
      return false;
    }
    const std::size_t taken = sent < 0 ? 0 : static_cast<std::size_t>(sent);
    if (taken == bytes.size()) return true;
    peer.unsent = bytes.substr(taken);
    watch(EPOLL_CTL_MOD, peer.fd, EPOLLOUT, &peer);
    return true;
  }

  bool flush(Peer& peer) {
    const ssize_t sent = ::send(peer.fd, peer.unsent.data(), peer.unsent.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN) {
      close(peer);
      return false;
    }
    if (sent > 0) peer.unsent.erase(0, static_cast<std::size_t>(sent));
    if (!peer.unsent.empty()) return true;
    if (mode_ == Mode::kOneShot) {
      close(peer);
      return false;
    }
    peer.unsent.shrink_to_fit();
    watch(EPOLL_CTL_MOD, peer.fd, EPOLLIN, &peer);
    return true;
  }

  static void close(Peer& peer) {
    ::close(peer.fd);
    delete &peer;
  }

  const Mode mode_;
  const std::size_t request_bytes_;
  const std::size_t reply_bytes_;
  std::string prepared_;
  int epoll_ = ::epoll_create1(0);
  int listener_ = -1;
  std::vector<int> ending_;
  std::array<char, kReadBytes> buffer_;
};

std::string contents(const char* name) {
  std::ifstream file(name, std::ios::binary);
  std::ostringstream all;
  all << file.rdbuf();
  if (!file || all.str().empty()) die(name);
  return all.str();
}

// Null: there is no such mode.
const Mode* find_mode(std::string_view name) {
  static constexpr std::array<std::pair<std::string_view, Mode>, 4> kModes = {
      {{"echo", Mode::kEcho},
       {"reply", Mode::kReply},
       {"one-shot", Mode::kOneShot},
       {"one-shot-in-order", Mode::kOneShotInOrder}}};
  const auto found = std::ranges::find(kModes, name, &std::pair<std::string_view, Mode>::first);
  return found == kModes.end() ? nullptr : &found->second;
}

}  // namespace

int main(int argc, char** argv) {
  const Mode* mode = argc > 1 ? find_mode(argv[1]) : nullptr;
  const bool replies = mode != nullptr && *mode != Mode::kEcho && argc == 4;
  const std::size_t request_bytes = replies ? std::strtoul(argv[2], nullptr, 10) : 0;
  if (mode == nullptr || (*mode == Mode::kEcho ? argc != 2 : request_bytes == 0)) {
    std::fprintf(
        stderr, "usage: bare_epoll echo | (reply|one-shot|one-shot-in-order) REQUEST_BYTES FILE\n");
    return 2;
  }
  const auto loop = std::make_unique<Loop>(*mode, request_bytes, replies ? contents(argv[3]) : "");
  loop->listen();
  loop->run();
}
