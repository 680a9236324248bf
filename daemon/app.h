// A whole daemon around a set of actions: flags, environment and file, log, pid file, signals,
// drain. Made first in main: signals that come from then on wait until run() serves. appd_main.cc
// is the model of a program that uses it; docs/handlers.md is the guide.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <typeindex>
#include <utility>
#include <vector>

#include "appd/daemon/app_handles.h"
#include "appd/daemon/app_life.h"
#include "appd/daemon/options.h"
#include "appd/handlers/layers/layer.h"
#include "appd/handlers/registry.h"
#include "appd/handlers/typed/typed.h"
#include "appd/options/program_option.h"
#include "appd/reactor/backend_factory.h"
#include "appd/reactor/posix/held_signals.h"
#include "appd/servers/outgoing_calls.h"
#include "appd/servers/program_metrics.h"
#include "appd/servers/sessions/session_maker.h"

namespace appd::servers {
class ServedProtocols;
}

namespace appd::daemon {

class Serving;

// What a program is put together from. It has many functions, since each is one thing that a
// program may add to its server; none depends on another.
class App : public AppLife {
 public:
  // Fills a registry, at the start on the main thread, and again at each SIGHUP on a thread for
  // reloads, never twice at a time; throws StartError for what it cannot load. `options` are those
  // that count: where one needs a restart, a reload does not change it.
  using AddActions = std::function<void(handlers::Registry& registry, const Options& options)>;

  // For tests, which never call run().
  App();
  // `argv` as main() gets it. Without a program, its name is that of argv[0].
  App(int argc, const char* const* argv);
  App(int argc, const char* const* argv, Program program);
  App(App&& other) noexcept;
  ~App();

  // Serves `function` as the action `name` (handlers/typed/typed.h says which functions there are).
  // One object serves all loops and outlives every reload.
  template <class F>
  App& on(std::string name, F function, handlers::ActionOptions options) {
    return add(handlers::make_action(std::move(name), std::move(function), std::move(options)));
  }
  template <class F>
  App& on(std::string name, F function) {
    return add(handlers::make_action(std::move(name), std::move(function)));
  }
  App& add(handlers::Action action);
  // Actions that need the options, or that a SIGHUP is to make anew.
  App& add(AddActions add_actions);

  // Makes `--listen NAME://...` work: spoken by a session class (<appd/session.h>), whose objects
  // get these arguments behind their SessionStart, or by a coroutine, Task<>(Stream)
  // (<appd/stream.h>). `name`: lower-case letters, digits and hyphens. Throws
  // std::invalid_argument: not such a name, or one that is there.
  template <class SessionType, class... Arguments>
  App& protocol(std::string_view name, Arguments... arguments) {
    return protocol(name, servers::session_maker<SessionType>(std::move(arguments)...));
  }
  App& protocol(std::string_view name, servers::Conversation conversation) {
    return protocol(name, servers::session_maker(name, std::move(conversation)));
  }
  App& protocol(std::string_view name, servers::SessionMaker sessions);
  [[nodiscard]] std::shared_ptr<const servers::ServedProtocols> protocols() const {
    return protocols_;
  }

  // Keeps a T for each connection, which actions take as a parameter T& (typed/typed.h): made by
  // T() when first asked for, gone with the connection. Layers ask for it by
  // Request::session_data(), which is null around actions that block. Actions that take one that
  // is not declared are refused at the start.
  template <class T>
  App& session_data() {
    session_data_.emplace(typeid(T));
    return *this;
  }

  // Puts `layer` around every action (handlers/layers/layer.h; handlers/layers/layers.h has some),
  // outside of the layers before it.
  App& use(handlers::Layer layer);
  // A line in the log for each answer, errors included: peer, action, status, bytes, and the
  // microseconds from when the request was there until its answer went out, with all waits. Level
  // info; costs one comparison where that is not logged.
  App& log_access();

  // For handlers and functions of the program, while it is served; valid as long as the App.
  [[nodiscard]] AppLog& log() const { return *log_; }
  [[nodiscard]] AppLoop& loop() const { return *loop_; }

  // An option of the program's own: a flag, a variable of the environment, a key of the
  // configuration file, a line of --help and --print-config. `variable` holds the default, outlives
  // the App, and is written before on_start() and by a reload, then on the first loop's thread: a
  // std::atomic where another one reads it.
  template <options::CountVariable Variable>
  App& option(const std::string& name, const std::string& help, Variable& variable,
              options::CountRange range) {
    return option(options::program_option(name, help, variable, range));
  }
  template <options::DurationVariable Variable>
  App& option(const std::string& name, const std::string& help, Variable& variable,
              options::DurationRange range) {
    return option(options::program_option(name, help, variable, range));
  }
  template <class Variable>
  App& option(const std::string& name, const std::string& help, Variable& variable) {
    return option(options::program_option(name, help, variable));
  }
  App& option(options::ProgramOption option);

  // Figures of the program's own (servers/program_metrics.h says what is thrown); valid as long as
  // the App.
  servers::ProgramCounter& counter(std::string name, std::string help);
  servers::ProgramGauge& gauge(std::string name, std::string help);
  servers::ProgramHistogram& histogram(std::string name, std::string help,
                                       std::vector<double> bounds);
  [[nodiscard]] const servers::ProgramMetrics& metrics() const { return *metrics_; }

  // Poller, network and clock of the loops; the system's unless said otherwise.
  App& use_backend(reactor::BackendFactory backend);

  // Calls of handlers to other servers (CallContext::call), made once a loop. appd::App has those
  // of outgoing/client_calls_factory.h unless others are given.
  App& use_outgoing_calls(servers::OutgoingCallsFactory make_outgoing);
  [[nodiscard]] const servers::OutgoingCallsFactory& outgoing_calls() const {
    return make_outgoing_;
  }

  // The actions so far, plugins of `options` and layers included. Throws what adding them throws.
  [[nodiscard]] std::shared_ptr<const handlers::Registry> registry(const Options& options) const;

  // Serves until a signal ends it. Never throws; returns the exit code (ExitCode): 0 served and
  // drained, 1 could not start, 2 wrong usage. Ready is one line a listener on standard output,
  // when every thread is there. Does not return but ends the process where a reload still reads
  // files a second after everything else has ended.
  [[nodiscard]] int run();

 private:
  friend class Serving;

  [[nodiscard]] ParsedOptions parse(const options::OptionValues& running = {}) const;
  [[nodiscard]] std::unique_ptr<handlers::Registry> make_registry(const Options& options) const;

  int argc_;
  const char* const* argv_;
  Program program_;
  std::string start_folder_;
  std::optional<reactor::HeldSignals> signals_;  // none for an App that is never run
  std::vector<options::ProgramOption> options_;
  std::shared_ptr<AppLog> log_;
  std::shared_ptr<AppLoop> loop_;
  std::unique_ptr<servers::ProgramMetrics> metrics_;
  std::shared_ptr<servers::ServedProtocols> protocols_;
  std::set<std::type_index> session_data_;
  std::vector<AddActions> add_actions_;
  std::vector<handlers::Layer> layers_;  // innermost first
  bool log_access_ = false;
  servers::OutgoingCallsFactory make_outgoing_;
  reactor::BackendFactory backend_;
};

// The built-in actions (docs/protocol.md 3), with --search-file.
void add_builtin_actions(handlers::Registry& registry, const Options& options);

}  // namespace appd::daemon
