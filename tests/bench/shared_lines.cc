// Finds the cache lines that two loops of a server contend for: a real server with two loops, real
// connections to both, and every access of its code to memory recorded (line_ledger.h).
//
//   shared_lines CASE     one of kCases below
//
// Prints the lines, with who touched them; exit code 1 when there is one that each loop touches at
// least once in kRareRequests requests.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "appd/handlers/actions/builtin.h"
#include "appd/reactor/threads/joining_thread.h"
#include "appd/servers/server.h"
#include "tests/bench/line_ledger.h"
#include "tests/bench/peers/app_messages.h"

namespace {

using namespace appd;

constexpr std::size_t kConnections = 64;
constexpr std::size_t kWarmRounds = 5;
constexpr std::size_t kRounds = 50;
constexpr std::uint64_t kRareRequests = 100;

struct Case {
  std::string request;
  std::size_t pipeline = 1;
  bool one_shot = false;
};

std::string counted_request() { return bench::app_request(R"({"action": "counted", "value": 1})"); }

const std::map<std::string_view, Case> kCases = {
    {"search", {.request = bench::search_request()}},
    {"search_pipelined", {.request = bench::search_request(), .pipeline = 32}},
    {"double_pipelined", {.request = bench::double_request(), .pipeline = 32}},
    {"echo_64k", {.request = bench::echo_request(64 * 1024)}},
    {"one_shot", {.request = bench::search_request(false), .one_shot = true}},
    // An action that counts its calls in one place for all loops: what this program is to find.
    {"planted", {.request = counted_request()}},
};

[[noreturn]] void fail(const char* what) {
  std::fprintf(stderr, "shared_lines: %s\n", what);
  std::exit(2);
}

class Peer {
 public:
  explicit Peer(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
      fail("cannot connect");
    }
  }
  ~Peer() { ::close(fd_); }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  void send(std::string_view bytes) const {
    if (::send(fd_, bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
      fail("cannot send");
    }
  }
  void finish_sending() const { ::shutdown(fd_, SHUT_WR); }
  // 0: until the server's end. Returns how many came.
  std::size_t receive(std::size_t wanted) const {
    std::array<char, 64 * 1024> buffer;
    std::size_t received = 0;
    while (wanted == 0 || received < wanted) {
      const ssize_t count = ::recv(fd_, buffer.data(), buffer.size(), 0);
      if (count < 0 || (count == 0 && wanted > 0)) fail("the server ended a connection");
      if (count == 0) break;
      received += static_cast<std::size_t>(count);
    }
    return received;
  }

 private:
  const int fd_;
};

// Sends to the server, a round of all connections at a time.
class Load {
 public:
  Load(std::uint16_t port, const Case& what) : port_(port), case_(what) {
    for (std::size_t i = 0; i < what.pipeline; ++i) burst_ += what.request;
    if (!what.one_shot) reply_bytes_ = measure_reply();
    for (std::size_t i = 0; i < kConnections; ++i) peers_.push_back(make_peer());
  }

  // Returns how many requests were answered.
  std::uint64_t run(std::size_t rounds) {
    for (std::size_t i = 0; i < rounds; ++i) {
      if (case_.one_shot) {
        for (auto& peer : peers_) peer = make_peer();
      }
      for (const auto& peer : peers_) peer->send(burst_);
      for (const auto& peer : peers_) (void)peer->receive(reply_bytes_ * case_.pipeline);
    }
    return rounds * kConnections * case_.pipeline;
  }

 private:
  [[nodiscard]] std::unique_ptr<Peer> make_peer() const { return std::make_unique<Peer>(port_); }

  [[nodiscard]] std::size_t measure_reply() const {
    const auto peer = make_peer();
    peer->send(case_.request);
    peer->finish_sending();
    return peer->receive(0);
  }

  const std::uint16_t port_;
  const Case& case_;
  std::string burst_;
  std::size_t reply_bytes_ = 0;  // 0: the server ends the connection behind it
  std::vector<std::unique_ptr<Peer>> peers_;
};

std::shared_ptr<const handlers::Registry> make_registry() {
  static std::atomic<std::uint64_t> calls = 0;
  auto registry = std::make_shared<handlers::Registry>();
  handlers::add_builtin_actions(*registry, {});
  registry->add(
      {.name = "counted",
       .summary = "Counts its calls.",
       .handler = [](const handlers::Request&, handlers::Reply& reply) -> reactor::Result<void> {
         calls.fetch_add(1, std::memory_order_relaxed);
         reply.set_integer(1);
         return {};
       }});
  return registry;
}

servers::Limits limits() {
  servers::Limits limits;
  limits.max_connections = 10 * kConnections;
  // Its thread looks at every loop some times a second, which is no request's doing.
  limits.blocked_loop_warning = reactor::Duration::zero();
  return limits;
}

// Requests that were recorded; fails when a loop had next to none of them.
std::uint64_t record(servers::Server& server, std::uint16_t port, const Case& what) {
  Load load(port, what);
  load.run(kWarmRounds);
  bench::begin_recording();
  const std::uint64_t requests = load.run(kRounds);
  bench::end_recording();
  for (std::size_t i = 0; i < 2; ++i) {
    if (server.worker(i).metrics().get(servers::Counter::kRequests) < requests / 10) {
      fail("a loop had next to no requests");
    }
  }
  return requests;
}

// True: there is none.
bool report(std::uint64_t requests) {
  bool none = true;
  for (const bench::ContendedLine& line : bench::contended_lines()) {
    const bool often = line.least_accesses() * kRareRequests >= requests;
    none = none && !often;
    std::printf("%s line %#zx\n", often ? "contended" : "rare", line.line);
    for (const bench::LineUse& use : line.uses) {
      std::printf("  %.3f reads, %.3f writes a request, the last in %s\n",
                  static_cast<double>(use.reads) / static_cast<double>(requests),
                  static_cast<double>(use.writes) / static_cast<double>(requests),
                  bench::function_of(use.last).c_str());
    }
  }
  std::printf("%zu lines read by several threads and written by none\n",
              bench::shared_read_only_lines());
  return none;
}

}  // namespace

int main(int argc, char** argv) {
  const auto found = argc == 2 ? kCases.find(std::string_view(argv[1])) : kCases.end();
  if (found == kCases.end()) {
    std::fprintf(stderr, "usage: shared_lines CASE; there are:");
    for (const auto& [name, what] : kCases) std::fprintf(stderr, " %s", name.data());
    std::fputs("\n", stderr);
    return 2;
  }
  logging::LogOptions silent;
  silent.level = logging::Level::kOff;
  logging::Log log(silent);
  servers::Server server(limits(), 2, log, make_registry());
  const auto bound = server.listen(protocol::parse_address("127.0.0.1:0").value());
  std::uint64_t requests = 0;
  {
    const reactor::JoiningThread loops([&] { server.run(); });
    requests = record(server, bound.front().port, found->second);
    server.stop();
  }
  return report(requests) ? 0 : 1;
}
