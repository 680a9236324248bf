// An App in a simulated world: real sessions, codecs, limits and handlers over wires of memory, in
// a time that stands still until something happens. For tests of one's own handlers: no socket, no
// sleep, no thread, and the same seed gives the same run.
//
//   appd::App app;
//   add_my_actions(app);
//   appd::test::SimulatedApp world(app);
//   CHECK(world.call("upper", R"("hello")") == R"("HELLO")");
//
// Handlers that block and offload() take the world's time, too (work_takes()), and calls to other
// servers meet those that the test puts into the same world (serve()).
//
// One thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "appd/clients/reply.h"
#include "appd/clients/request.h"
#include "appd/daemon/app.h"
#include "appd/reactor/clock.h"
#include "appd/testkit/simulated_client.h"
#include "appd/testkit/simulated_peer.h"

namespace appd::test {

struct Setup {
  std::uint64_t seed = 1;  // of everything that the world leaves to chance
  daemon::Options options = {};
  // Gets a line for each event of the world, as it happens: its time, what it is, two numbers.
  std::function<void(const std::string& line)> trace = {};
};

class SimulatedApp {
 public:
  // Serves the actions that `app` has now, layers included. Throws what they throw when added.
  explicit SimulatedApp(const daemon::App& app, const Setup& setup = {});
  ~SimulatedApp();

  // Calls an action with a JSON value (empty: none); the result as JSON text. An error reply gives
  // "STATUS: TEXT", and a call without an answer "no reply: TEXT".
  [[nodiscard]] std::string call(std::string_view action, std::string_view value = {});
  // The same with binary content.
  [[nodiscard]] std::string call_binary(std::string_view action, std::string_view payload);
  // Any request. Errors: as clients::Client::call(); kTimeout also where nothing will ever happen.
  [[nodiscard]] clients::Result<clients::Reply> send(clients::Request request);

  // Another caller, with a connection of its own. Calls of the app above share one.
  [[nodiscard]] SimulatedClient client();
  // A peer that speaks in bytes, connected where the app speaks `protocol`, one of
  // App::protocols(). Throws std::invalid_argument: it is none of these.
  [[nodiscard]] SimulatedPeer connect(std::string_view protocol);

  // Where the app is served: for handlers that call their own server.
  static constexpr const char* kAddress = "app://10.0.0.1:7000";
  // Serves the actions of another app in the same world, at "app://backend:7000": a name or a
  // number, and a port. Throws std::invalid_argument: no address of that kind, or one in use.
  void serve(std::string_view address, const daemon::App& app);
  // It is gone from one moment to the next: its connections break, nobody is there any more.
  void crash(std::string_view address);

  // How long a handler that blocks, or an offloaded function, works: 1 ms unless said otherwise.
  // For those that begin from now on.
  void work_takes(reactor::Duration time);

  // From now on, until calm():
  void split();  // reads and writes move pieces of what they could
  void delay();  // bytes are long on the way
  void reset();  // connections break when bytes arrive
  void calm();   // none of these

  // Time goes on so far, exactly, and what is due on the way happens.
  void jump(reactor::Duration duration);
  [[nodiscard]] reactor::TimePoint now() const;

  // Of all that has happened: equal for equal seeds and calls.
  [[nodiscard]] std::uint64_t hash() const;

 private:
  struct World;
  std::unique_ptr<World> world_;
};

}  // namespace appd::test
