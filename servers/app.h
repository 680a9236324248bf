// A whole daemon around a set of actions: flags, environment and file, log, pid file, signals,
// drain. appd_main.cc is the model of a program that uses it; docs/handlers.md is the guide.
//
//   appd::App app(argc, argv);
//   app.on("upper", [](std::string text) { return to_upper(std::move(text)); });
//   return app.run();
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "handlers/layer.h"
#include "handlers/registry.h"
#include "handlers/typed.h"
#include "reactor/backend.h"
#include "servers/access_lines.h"
#include "servers/options.h"
#include "servers/worker.h"

namespace appd::servers {

class Daemonizer;

class App {
 public:
  // Fills a registry, at the start and again at each SIGHUP; throws StartError for what it cannot
  // load. Runs on the main thread.
  using AddActions = std::function<void(handlers::Registry& registry, const Options& options)>;

  // For tests, which never call run().
  App() : App(0, nullptr) {}
  // `argv` as main() gets it. Without a program, its name is that of argv[0].
  App(int argc, const char* const* argv);
  App(int argc, const char* const* argv, Program program);

  // Serves `function` as the action `name` (handlers/typed.h says which functions there are). One
  // object serves all loops and outlives every reload.
  template <class F>
  App& on(std::string name, F function, handlers::ActionOptions options = {}) {
    return add(handlers::make_action(std::move(name), std::move(function), std::move(options)));
  }
  App& add(handlers::Action action);
  // Actions that need the options, or that a SIGHUP is to make anew.
  App& add(AddActions add_actions);

  // Puts `layer` around every action (handlers/layer.h; handlers/layers.h has some), outside of the
  // layers before it.
  App& use(handlers::Layer layer);
  // A line in the log for each answer: peer, action, status, bytes, microseconds. Level info.
  App& log_access();

  // Poller, network and clock of the loops; the system's unless said otherwise.
  App& use_backend(reactor::BackendFactory backend);

  // Calls of handlers to other servers (CallContext::call), made once a loop. appd::App has those
  // of outgoing/client_calls.h unless others are given.
  App& use_outgoing_calls(OutgoingCallsFactory make_outgoing);
  [[nodiscard]] const OutgoingCallsFactory& outgoing_calls() const { return make_outgoing_; }

  // The actions so far, plugins of `options` and layers included. Throws what adding them throws.
  [[nodiscard]] std::shared_ptr<const handlers::Registry> registry(const Options& options) const;

  // Serves until a signal ends it. Never throws; returns the exit code (ExitCode): 0 served and
  // drained, 1 could not start, 2 wrong usage. Ready is one line a listener on standard output.
  [[nodiscard]] int run();

 private:
  [[nodiscard]] ParsedOptions parse() const;
  void serve(const Options& options, Daemonizer* daemonizer);  // null: in the foreground

  int argc_;
  const char* const* argv_;
  Program program_;
  std::string start_folder_;
  std::vector<AddActions> add_actions_;
  std::vector<handlers::Layer> layers_;  // innermost first
  AccessLines access_lines_;
  OutgoingCallsFactory make_outgoing_;
  reactor::BackendFactory backend_ = reactor::system_backend;
};

// The built-in actions (docs/protocol.md 3), with --search-file.
void add_builtin_actions(handlers::Registry& registry, const Options& options);

}  // namespace appd::servers
