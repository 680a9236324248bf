// A small language for tests of pollers, transports and networks: what blocks in it waits for
// readiness, never for a time, and throws std::runtime_error after ten seconds of the backend's
// clock.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "appd/reactor/backend.h"

namespace appd::testing {

struct TransportPair {
  std::unique_ptr<reactor::Transport> client;
  std::unique_ptr<reactor::Transport> server;
};

[[nodiscard]] reactor::Endpoint loopback(std::uint16_t port = 0);  // 127.0.0.1
[[nodiscard]] std::span<const std::byte> as_bytes(std::string_view text);
// `size` bytes without a short period, so that a lost or doubled piece shows.
[[nodiscard]] std::string pattern(std::size_t size);

class PollerFixture {
 public:
  // `subject` is what the test talks about; `helper`, of the same world, is what the fixture waits
  // with, so that it never disturbs the subject's registrations.
  PollerFixture(reactor::Backend subject, reactor::Backend helper)
      : subject_(std::move(subject)), helper_(std::move(helper)) {}

  [[nodiscard]] reactor::Poller& poller() { return *subject_.poller; }
  [[nodiscard]] reactor::Network& network() { return *subject_.network; }
  [[nodiscard]] const reactor::Clock& clock() { return *subject_.clock; }

  // One wait of the subject.
  [[nodiscard]] std::vector<reactor::ReadyEvent> wait(std::optional<reactor::Duration> timeout,
                                                      std::size_t room = 64);
  // Waits of the subject until it reports `token`.
  [[nodiscard]] reactor::ReadyEvent wait_for(reactor::Token token);
  // The helper's: until `fd` is ready for one of `interest`.
  void until_ready(reactor::Descriptor fd, reactor::Interest interest);

  [[nodiscard]] std::unique_ptr<reactor::ListeningSocket> listen(
      const reactor::Endpoint& endpoint = loopback(), const reactor::ListenOptions& options = {});
  [[nodiscard]] std::unique_ptr<reactor::Transport> connect(const reactor::Endpoint& endpoint);
  [[nodiscard]] std::unique_ptr<reactor::Transport> accept(reactor::ListeningSocket& listener);
  // Connected and accepted, by way of `listener` or of one for this purpose.
  [[nodiscard]] TransportPair pair(reactor::ListeningSocket& listener);
  [[nodiscard]] TransportPair pair(const reactor::Endpoint& endpoint = loopback());

  void write_all(reactor::Transport& transport, std::string_view text);
  // The first outcome that is not kWouldBlock.
  [[nodiscard]] reactor::IoResult read_when_ready(reactor::Transport& transport,
                                                  std::span<std::byte> into);
  [[nodiscard]] std::string read_exactly(reactor::Transport& transport, std::size_t size);
  // Until the end.
  [[nodiscard]] std::string read_all(reactor::Transport& transport);
  // Adds to `sent` what was written. The first outcome that is not kBytes.
  [[nodiscard]] reactor::IoResult write_until_blocked(reactor::Transport& transport,
                                                      std::size_t& sent);
  // Writes until `transport`, which the subject watches as `token`, is not reported as writable:
  // again and again, since the system moves bytes to the peer's buffer in its own time. Returns how
  // many bytes.
  std::size_t fill(reactor::Transport& transport, reactor::Token token);

 private:
  reactor::Backend subject_;
  reactor::Backend helper_;
};

}  // namespace appd::testing
