// A machine of a simulated world with one process on it: an address, a table of descriptors with a
// limit, and a network. Descriptors are small numbers, and the lowest free one comes back at once,
// as a system's do: an event for an earlier owner of a number is possible.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "appd/reactor/network.h"
#include "appd/reactor/sim/world.h"

namespace appd::reactor::sim {

class Host;

// The owner of a descriptor.
class Source {
 public:
  [[nodiscard]] virtual bool readable() const = 0;
  [[nodiscard]] virtual bool writable() const = 0;
  // Of this owner alone, ever.
  std::uint64_t serial = 0;

 protected:
  ~Source() = default;
};

class Host final : public Network {
 public:
  struct Options {
    std::string address = "10.0.0.1";       // where its outgoing connections come from
    std::size_t max_descriptors = 1 << 16;  // open ones at most, until limit_descriptors()
    std::size_t buffer_bytes = 64 * 1024;   // of a connection, in each direction
    bool suffers = true;                    // the world's faults strike reads and writes here
  };

  Host(World& world, Options options)
      : world_(world), options_(std::move(options)), max_descriptors_(options_.max_descriptors) {}

  [[nodiscard]] World& world() { return world_; }
  [[nodiscard]] const Options& options() const { return options_; }

  // Errors: the endpoint's address is in use; EMFILE.
  [[nodiscard]] Result<std::unique_ptr<ListeningSocket>> listen(
      const Endpoint& endpoint, const ListenOptions& options) override;
  // Errors: EMFILE; a Unix path where nobody listens.
  [[nodiscard]] Result<AnyTransport> connect(const Endpoint& endpoint) override;
  // The world's names.
  [[nodiscard]] Result<std::vector<Endpoint>> look_up(const std::string& host,
                                                      std::uint16_t port) override;

  // kNoDescriptor: the table is full.
  [[nodiscard]] Descriptor open(Source& source);
  // A watch that is still there is a violation: the number is going to be somebody else's.
  void close(Descriptor fd);
  // Null: not open.
  [[nodiscard]] const Source* find(Descriptor fd) const;
  [[nodiscard]] std::size_t open_descriptors() const { return open_; }
  [[nodiscard]] bool full() const { return open_ >= max_descriptors_; }
  // As setrlimit(2): what is open stays open. Returns the limit before.
  std::size_t limit_descriptors(std::size_t most) { return std::exchange(max_descriptors_, most); }

  // How often a poller watches this number.
  void watched(Descriptor fd, int change);

  // A connection of this host was harmed by the world.
  void count_misfortune() { ++misfortunes_; }
  [[nodiscard]] std::uint64_t misfortunes() const { return misfortunes_; }
  // Reads, writes, accepts and connects that did something: who gets events without doing anything
  // spins.
  void count_progress() { ++progress_; }
  [[nodiscard]] std::uint64_t progress() const { return progress_; }

 private:
  struct Opened {
    Source* source = nullptr;
    int watches = 0;
  };
  static constexpr std::uint16_t kFirstPort = 49152;
  [[nodiscard]] std::uint16_t take_port();
  [[nodiscard]] Endpoint client_address(const Endpoint& server);
  void knock(const std::shared_ptr<Wire>& wire, const Endpoint& endpoint, int attempt);

  World& world_;
  const Options options_;
  std::size_t max_descriptors_;
  std::vector<Opened> opened_;  // the number is the index + kFirstDescriptor
  std::size_t open_ = 0;
  std::uint16_t next_port_ = kFirstPort;
  std::uint64_t misfortunes_ = 0;
  std::uint64_t progress_ = 0;
};

// A listening socket with its backlog.
class SimListener final : public ListeningSocket, private Source {
 public:
  // The host has a descriptor left.
  SimListener(Host& host, Endpoint endpoint, const ListenOptions& options);
  // Resets what waits.
  ~SimListener() override;

  [[nodiscard]] Descriptor descriptor() const override { return fd_; }
  [[nodiscard]] AcceptResult accept() override;
  [[nodiscard]] Endpoint local_endpoint() const override { return endpoint_; }

  [[nodiscard]] Host& host() { return host_; }
  [[nodiscard]] const ListenOptions& options() const { return options_; }
  [[nodiscard]] bool takes(const Endpoint& endpoint) const;
  // false: the backlog is full.
  [[nodiscard]] bool enqueue(const std::shared_ptr<Wire>& wire);
  [[nodiscard]] const std::deque<std::shared_ptr<Wire>>& backlog() const { return backlog_; }

 private:
  [[nodiscard]] bool readable() const override { return !backlog_.empty(); }
  [[nodiscard]] bool writable() const override { return false; }
  [[nodiscard]] AcceptResult exhausted(int error);

  Host& host_;
  const Endpoint endpoint_;
  const ListenOptions options_;
  Descriptor fd_;
  std::deque<std::shared_ptr<Wire>> backlog_;
  TimePoint exhausted_until_{};
  TimePoint last_refusal_{};
  int refusals_ = 0;  // within a moment
};

}  // namespace appd::reactor::sim
