// A caller of an App in a simulated world, with a connection of its own: several of them call at
// the same time, each while others wait.
//
//   auto alice = world.client();
//   auto bob = world.client();
//   auto pending = alice.start("wait-for-news");
//   CHECK(bob.call("tell", R"("news")") == "true");
//   CHECK(pending.wait() == R"("news")");
//
// One thread. Neither a client nor its calls may outlive their SimulatedApp.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "appd/clients/reply.h"
#include "appd/clients/request.h"
#include "appd/reactor/endpoint.h"

namespace appd::reactor {
class EventLoop;
}
namespace appd::reactor::sim {
class World;
}
namespace appd::clients {
struct SessionContext;
}

namespace appd::test {

// One call that has begun. Copies are of the same.
class PendingCall {
 public:
  // It has its answer, or will never have one: wait() gives it at once.
  [[nodiscard]] bool answered() const;
  // Lets the world go on until then. The result as JSON text (of a binary reply its content); an
  // error reply gives "STATUS: TEXT", and a call without an answer "no reply: TEXT".
  [[nodiscard]] std::string wait() const;
  // The reply itself. Errors: as clients::Client::call(); kTimeout also where nothing will ever
  // happen any more.
  [[nodiscard]] clients::Result<clients::Reply> reply() const;

 private:
  friend class SimulatedClient;
  struct State;
  explicit PendingCall(std::shared_ptr<State> state) : state_(std::move(state)) {}

  std::shared_ptr<State> state_;
};

class SimulatedClient {
 public:
  // Made by SimulatedApp::client().
  SimulatedClient(reactor::sim::World& world, reactor::EventLoop& loop,
                  clients::SessionContext& context, std::vector<reactor::Endpoint> endpoints);
  SimulatedClient(SimulatedClient&&) noexcept;
  // Its connection is closed; calls that are not answered have no answer then.
  ~SimulatedClient();

  // Calls an action with a JSON value (empty: none) and does not wait. Calls of one client are
  // answered in their order.
  [[nodiscard]] PendingCall start(std::string_view action, std::string_view value = {});
  // With binary content.
  [[nodiscard]] PendingCall start_binary(std::string_view action, std::string_view payload);
  // Any request.
  [[nodiscard]] PendingCall start(clients::Request request);
  // The same, and waits: PendingCall::wait().
  [[nodiscard]] std::string call(std::string_view action, std::string_view value = {}) {
    return start(action, value).wait();
  }

 private:
  struct Line;
  std::shared_ptr<Line> line_;
};

}  // namespace appd::test
