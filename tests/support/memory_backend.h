// A small deterministic world in memory, behind the same contracts as the system: listeners,
// connections, readiness and time. For tests of everything above the reactor's system files.
//
//   MemoryWorld world;
//   EventLoop loop(world.backend());
//
// Time moves only when a poller has nothing to report: it jumps to the end of the wait, so that a
// time-out of an hour costs nothing. One thread, which all loops of a world share; wake() alone may
// come from any thread.
#pragma once

#include <atomic>
#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include "reactor/backend.h"
#include "tests/support/memory_descriptors.h"
#include "tests/support/memory_transport.h"

namespace appd::testing {

class ManualClock final : public reactor::Clock {
 public:
  [[nodiscard]] reactor::TimePoint now() const override { return now_; }
  void advance(reactor::Duration by) { now_ += by; }

 private:
  // Not at zero: a time nobody has set must not look like now.
  reactor::TimePoint now_{std::chrono::hours(1)};
};

class MemoryPoller final : public reactor::Poller {
 public:
  // Both outlive the poller.
  MemoryPoller(const MemoryDescriptors& descriptors, ManualClock& clock)
      : descriptors_(descriptors), clock_(clock) {}

  [[nodiscard]] reactor::Result<void> add(reactor::Descriptor fd, reactor::Interest interest,
                                          reactor::Token token) override;
  [[nodiscard]] reactor::Result<void> modify(reactor::Descriptor fd, reactor::Interest from,
                                             reactor::Interest to, reactor::Token token) override;
  void remove(reactor::Descriptor fd, reactor::Interest interest) override;
  // Throws std::logic_error when nothing is ready and there is no limit: in one thread nothing will
  // ever be.
  [[nodiscard]] reactor::Result<std::size_t> wait(std::optional<reactor::Duration> timeout,
                                                  std::span<reactor::ReadyEvent> events) override;
  void wake() override { woken_.store(true); }

 private:
  struct Watch {
    reactor::Interest interest;
    reactor::Token token;
  };
  [[nodiscard]] std::size_t collect(std::span<reactor::ReadyEvent> events);

  const MemoryDescriptors& descriptors_;
  ManualClock& clock_;
  std::map<reactor::Descriptor, Watch> watches_;
  reactor::Descriptor last_reported_ = reactor::kNoDescriptor;  // the next wait begins behind it
  std::atomic<bool> woken_ = false;
};

class MemoryListeningSocket;

// Addresses are compared as they are written; of the wildcards, "0.0.0.0" takes IPv4, and "::"
// takes IPv6 and, when it is dual-stack, IPv4.
class MemoryNetwork final : public reactor::Network {
 public:
  MemoryNetwork(MemoryDescriptors& descriptors, std::size_t pipe_capacity_bytes)
      : descriptors_(descriptors), pipe_capacity_bytes_(pipe_capacity_bytes) {}

  [[nodiscard]] reactor::Result<std::unique_ptr<reactor::ListeningSocket>> listen(
      const reactor::Endpoint& endpoint, const reactor::ListenOptions& options) override;
  // Established at once, before its accept. Nobody listens, or the backlog is full: the transport's
  // connect_result() is connection_refused (a Unix path: an error at once).
  [[nodiscard]] reactor::Result<std::unique_ptr<reactor::Transport>> connect(
      const reactor::Endpoint& endpoint) override;

  // The next accept() fails so, and leaves the connection where it is.
  void fail_next_accept(reactor::AcceptOutcome outcome, std::error_code error) {
    accept_failures_.push_back({outcome, nullptr, error});
  }

 private:
  friend class MemoryListeningSocket;
  [[nodiscard]] MemoryListeningSocket* find_listener(const reactor::Endpoint& endpoint);
  [[nodiscard]] MemoryListeningSocket* find_listener_at(const reactor::Endpoint& endpoint);
  [[nodiscard]] std::uint16_t take_port();
  [[nodiscard]] reactor::Endpoint client_endpoint(const reactor::Endpoint& server);
  void forget(const MemoryListeningSocket& listener);

  MemoryDescriptors& descriptors_;
  std::size_t pipe_capacity_bytes_;
  // Several listeners of one address take turns: the front one is next.
  std::map<std::string, std::deque<MemoryListeningSocket*>> listeners_;
  std::deque<reactor::AcceptResult> accept_failures_;
  std::uint16_t next_port_ = 49152;
};

// Outlives every loop, listener and transport of its own.
class MemoryWorld {
 public:
  explicit MemoryWorld(std::size_t pipe_capacity_bytes = kDefaultPipeCapacityBytes)
      : network_(descriptors_, pipe_capacity_bytes) {}
  MemoryWorld(const MemoryWorld&) = delete;
  MemoryWorld& operator=(const MemoryWorld&) = delete;

  // One a loop; they share network and time.
  [[nodiscard]] reactor::Backend backend() {
    return {std::make_unique<MemoryPoller>(descriptors_, clock_), &network_, &clock_};
  }
  [[nodiscard]] ManualClock& clock() { return clock_; }
  [[nodiscard]] MemoryNetwork& network() { return network_; }
  // A stream between two ends of this world, without a listener.
  [[nodiscard]] MemoryPair make_pair(std::size_t capacity_bytes = kDefaultPipeCapacityBytes) {
    return make_memory_pair(capacity_bytes, {.descriptors = &descriptors_, .local = {}, .peer = {}},
                            {.descriptors = &descriptors_, .local = {}, .peer = {}});
  }
  // Listeners and ends that are open: a test's look for leaks.
  [[nodiscard]] std::size_t open_descriptors() const { return descriptors_.count(); }

 private:
  MemoryDescriptors descriptors_;
  ManualClock clock_;
  MemoryNetwork network_;
};

}  // namespace appd::testing
