// A generator written by hand, which appctl's load engine is compared with: it sends copies of one
// request and counts bytes. It looks at none of them and measures no latency.
//
//   epoll_load PORT REQUEST_FILE REPLY_BYTES CONNECTIONS PIPELINE SECONDS
//
// Prints the requests a second of the last 9 tenths of the time, and its own CPU time a request in
// microseconds.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

[[noreturn]] void die(const char* what) {
  std::perror(what);
  std::exit(1);
}

struct Peer {
  int fd = -1;
  std::size_t received = 0;  // bytes of the reply under way
  std::size_t to_send = 0;   // bytes, of copies of the request
  std::size_t offset = 0;    // in the request, of the next byte to send
  bool watched_for_room = false;
};

class Generator {
 public:
  Generator(std::uint16_t port, const std::string& request, std::size_t reply_bytes,
            std::size_t pipeline)
      : request_bytes_(request.size()), reply_bytes_(reply_bytes), pipeline_(pipeline) {
    address_.sin_family = AF_INET;
    address_.sin_port = htons(port);
    address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (std::size_t i = 0; i <= pipeline; ++i) requests_ += request;
  }

  void open(std::size_t connections) {
    peers_.resize(connections);
    for (Peer& peer : peers_) {
      peer.fd = ::socket(AF_INET, SOCK_STREAM, 0);
      const int on = 1;
      ::setsockopt(peer.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      if (::connect(peer.fd, reinterpret_cast<sockaddr*>(&address_), sizeof address_) != 0) {
        die("connect");
      }
      watch(EPOLL_CTL_ADD, peer, EPOLLIN);
    }
    for (Peer& peer : peers_) send(peer, pipeline_);
  }

  void run(Clock::duration duration) {
    const auto begin = Clock::now();
    const auto warm = begin + duration / 10;
    std::uint64_t replies_before = 0;
    std::clock_t cpu_before = 0;
    auto from = begin;
    auto now = begin;
    std::array<epoll_event, 256> events;
    while (now < begin + duration) {
      const int count = ::epoll_wait(epoll_, events.data(), 256, 100);
      for (int i = 0; i < count; ++i) {
        const epoll_event& event = events[static_cast<std::size_t>(i)];
        Peer& peer = *static_cast<Peer*>(event.data.ptr);
        if ((event.events & EPOLLOUT) != 0) send(peer, 0);
        if ((event.events & ~static_cast<unsigned>(EPOLLOUT)) != 0) receive(peer);
      }
      now = Clock::now();
      if (from == begin && now >= warm) {
        from = now;
        replies_before = replies_;
        cpu_before = std::clock();
      }
    }
    const std::chrono::duration<double> seconds = now - from;
    const auto replies = static_cast<double>(replies_ - replies_before);
    const double cpu_seconds = static_cast<double>(std::clock() - cpu_before) / CLOCKS_PER_SEC;
    std::printf("%.0f %.4f\n", replies / seconds.count(), cpu_seconds * 1e6 / replies);
  }

 private:
  void watch(int operation, Peer& peer, unsigned interest) {
    epoll_event event{};
    event.events = interest;
    event.data.ptr = &peer;
    if (::epoll_ctl(epoll_, operation, peer.fd, &event) != 0) die("epoll_ctl");
  }

  void receive(Peer& peer) {
    const ssize_t count = ::recv(peer.fd, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (count <= 0) die("the server ended a connection");
    peer.received += static_cast<std::size_t>(count);
    const std::size_t replies = peer.received / reply_bytes_;
    peer.received %= reply_bytes_;
    replies_ += replies;
    if (replies > 0) send(peer, replies);
  }

  void send(Peer& peer, std::size_t requests) {
    peer.to_send += requests * request_bytes_;
    const ssize_t sent =
        ::send(peer.fd, requests_.data() + peer.offset, peer.to_send, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN) die("send");
    const std::size_t taken = sent < 0 ? 0 : static_cast<std::size_t>(sent);
    peer.to_send -= taken;
    peer.offset = (peer.offset + taken) % request_bytes_;
    const bool wants_room = peer.to_send > 0;
    if (wants_room == peer.watched_for_room) return;
    peer.watched_for_room = wants_room;
    watch(EPOLL_CTL_MOD, peer, wants_room ? EPOLLIN | EPOLLOUT : EPOLLIN);
  }

  const std::size_t request_bytes_;
  const std::size_t reply_bytes_;
  const std::size_t pipeline_;
  std::string requests_;  // one more than a burst, which may begin within a request
  sockaddr_in address_{};
  int epoll_ = ::epoll_create1(0);
  std::vector<Peer> peers_;
  std::uint64_t replies_ = 0;
  std::array<char, 64 * 1024> buffer_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 7) {
    std::fprintf(stderr,
                 "usage: epoll_load PORT REQUEST_FILE REPLY_BYTES CONNECTIONS PIPELINE SECONDS\n");
    return 2;
  }
  std::ifstream file(argv[2], std::ios::binary);
  std::ostringstream request;
  request << file.rdbuf();
  const auto number = [&](int index) { return std::strtoul(argv[index], nullptr, 10); };
  if (!file || request.str().empty() || number(3) == 0 || number(5) == 0) return 2;
  Generator generator(static_cast<std::uint16_t>(number(1)), request.str(), number(3), number(5));
  generator.open(number(4));
  generator.run(std::chrono::duration_cast<Clock::duration>(
      std::chrono::duration<double>(std::strtod(argv[6], nullptr))));
}
