// Many connections held by one process. It asks once on each, keeps them all, and asks again on
// all of them at the same moment when it is told to. Every byte of every reply is compared.
//
//   connection_fleet PORT SOURCE_ADDRESS CONNECTIONS REQUEST_FILE REPLY_FILE
//
// Connects from SOURCE_ADDRESS, and for every 8,192 connections from the next one.
// Prints `open` when all are; then, for each line on standard input, asks on all and prints
// `answered N`. Ends, with its connections, when standard input does; with exit code 1 when a
// reply is wrong or a connection was not kept.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace {

// Asked at the same moment while the connections are being opened; fewer than a backlog holds.
constexpr std::size_t kOpeningBatch = 64;
// Looking for a free port is slow when half of an address's ports are taken.
constexpr std::size_t kConnectionsOfAddress = 8192;
constexpr int kReplyMilliseconds = 30'000;

[[noreturn]] void die(const char* what) {
  std::perror(what);
  std::exit(1);
}

[[noreturn]] void broken(const char* what) {
  std::fprintf(stderr, "connection_fleet: %s\n", what);
  std::exit(1);
}

sockaddr_in loopback_address(const char* text, std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  if (::inet_pton(AF_INET, text, &address.sin_addr) != 1) broken("not an IPv4 address");
  return address;
}

class Fleet {
 public:
  Fleet(std::uint16_t port, const char* source, std::string request, std::string reply)
      : server_(loopback_address("127.0.0.1", port)),
        source_(loopback_address(source, 0)),
        request_(std::move(request)),
        reply_(std::move(reply)) {}

  void open(std::size_t count) {
    peers_.reserve(count);
    while (peers_.size() < count) {
      const std::size_t first = peers_.size();
      const std::size_t last = std::min(count, first + kOpeningBatch);
      while (peers_.size() < last) peers_.push_back({.fd = connect()});
      for (std::size_t i = first; i < last; ++i) watch(i);
      ask(first, last);
    }
  }

  std::size_t ask_all() {
    ask(0, peers_.size());
    return peers_.size();
  }

 private:
  struct Peer {
    int fd = -1;
    std::uint32_t received = 0;  // bytes of the reply under way
  };

  // The port is chosen together with the server's, so that an address has all ports once for
  // each server (ip(7), IP_BIND_ADDRESS_NO_PORT).
  int connect() const {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) die("socket");
    sockaddr_in source = source_;
    const std::size_t step = peers_.size() / kConnectionsOfAddress;
    source.sin_addr.s_addr =
        htonl(ntohl(source.sin_addr.s_addr) + static_cast<std::uint32_t>(step));
    const int on = 1;
    ::setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    if (::bind(fd, reinterpret_cast<const sockaddr*>(&source), sizeof source) != 0) die("bind");
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&server_), sizeof server_) != 0) {
      die("connect");
    }
    return fd;
  }

  void watch(std::size_t index) const {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = index;
    if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, peers_[index].fd, &event) != 0) die("epoll_ctl");
  }

  void ask(std::size_t first, std::size_t last) {
    for (std::size_t i = first; i < last; ++i) {
      const ssize_t sent =
          ::send(peers_[i].fd, request_.data(), request_.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent != static_cast<ssize_t>(request_.size())) die("send");
    }
    std::size_t missing = last - first;
    std::array<epoll_event, 256> events;
    while (missing > 0) {
      const int count =
          ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), kReplyMilliseconds);
      if (count < 0 && errno != EINTR) die("epoll_wait");
      if (count == 0) broken("no reply in time");
      for (int i = 0; i < count; ++i) {
        if (receive(peers_[events[static_cast<std::size_t>(i)].data.u64])) --missing;
      }
    }
  }

  // True: the reply is complete.
  bool receive(Peer& peer) const {
    std::array<char, 4096> buffer;
    const ssize_t count = ::recv(peer.fd, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return false;
    if (count <= 0) broken("the server did not keep a connection");
    const std::string_view got(buffer.data(), static_cast<std::size_t>(count));
    if (std::string_view(reply_).substr(peer.received, got.size()) != got) {
      std::fwrite(got.data(), 1, got.size(), stderr);
      broken("a wrong reply");
    }
    peer.received += static_cast<std::uint32_t>(got.size());
    if (peer.received < reply_.size()) return false;
    peer.received = 0;
    return true;
  }

  const sockaddr_in server_;
  const sockaddr_in source_;
  const std::string request_;
  const std::string reply_;
  int epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
  std::vector<Peer> peers_;
};

std::string contents(const char* name) {
  std::ifstream file(name, std::ios::binary);
  std::ostringstream all;
  all << file.rdbuf();
  if (!file || all.str().empty()) die(name);
  return all.str();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) {
    std::fprintf(stderr,
                 "usage: connection_fleet PORT SOURCE_ADDRESS CONNECTIONS REQUEST_FILE "
                 "REPLY_FILE\n");
    return 2;
  }
  Fleet fleet(static_cast<std::uint16_t>(std::strtoul(argv[1], nullptr, 10)), argv[2],
              contents(argv[4]), contents(argv[5]));
  fleet.open(std::strtoul(argv[3], nullptr, 10));
  std::puts("open");
  std::fflush(stdout);
  for (int byte = std::getchar(); byte != EOF; byte = std::getchar()) {
    if (byte != '\n') continue;
    std::printf("answered %zu\n", fleet.ask_all());
    std::fflush(stdout);
  }
}
