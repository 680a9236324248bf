// A peer of an App in a simulated world that speaks in bytes: for tests of one's own protocols.
//
//   auto peer = world.connect("lines");
//   peer.send("hello\nwor");
//   CHECK(peer.receive_until("\n") == "HELLO");
//
// One thread. A peer may not outlive its SimulatedApp.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "appd/reactor/endpoint.h"

namespace appd::reactor::sim {
class Host;
}

namespace appd::test {

class SimulatedPeer {
 public:
  // Made by SimulatedApp::connect(). Connects from `host` to `server`.
  SimulatedPeer(reactor::sim::Host& host, const reactor::Endpoint& server);
  SimulatedPeer(SimulatedPeer&&) noexcept;
  // Closes the connection.
  ~SimulatedPeer();

  // Goes out while the world goes on, as fast as the connection takes it.
  void send(std::string_view bytes);
  // Likewise, then the end of what is sent: replies may still come.
  void end();
  // Breaks the connection at once.
  void reset();

  // Each lets the world go on until that is there, the connection has ended, or nothing will ever
  // happen any more, and takes what it returns.
  // So many bytes, fewer where no more will come.
  [[nodiscard]] std::string receive(std::size_t bytes);
  // What comes before `delimiter`, which is dropped; all that is there where it will not come.
  [[nodiscard]] std::string receive_until(std::string_view delimiter);
  // All, to the end of the connection.
  [[nodiscard]] std::string receive_all() { return receive(std::string::npos); }

  // The other end has ended in order, and all it sent has arrived here.
  [[nodiscard]] bool ended() const;
  // The connection broke.
  [[nodiscard]] bool broken() const;

 private:
  class Talk;
  std::unique_ptr<Talk> talk_;
};

}  // namespace appd::test
