#include "servers/app.h"

#include <csignal>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "handlers/builtin.h"
#include "handlers/describe.h"
#include "reactor/descriptor_io.h"
#include "reactor/signals.h"
#include "servers/daemonize.h"
#include "servers/file_limit.h"
#include "servers/pid_file.h"
#include "servers/plugin.h"
#include "servers/printable_text.h"
#include "servers/search_file.h"
#include "servers/server.h"
#include "servers/standard_streams.h"
#include "servers/start_error.h"

namespace appd::servers {
namespace {

using handlers::Registry;

Limits with_connection_limit(const Options& options) {
  Limits limits = options.limits;
  const std::size_t files = raise_file_limit();
  if (limits.max_connections == 0) {
    limits.max_connections =
        usable_connections(files, options.threads, options.listen.size() * options.threads);
  }
  return limits;
}

std::string listen_all(Server& server, const Options& options) {
  std::string lines;
  for (const protocol::Address& wanted : options.listen) {
    for (const protocol::Address& bound : server.listen(wanted)) {
      lines += "listening on " + bound.to_string() + "\n";
    }
  }
  return lines;
}

// Relative paths mean the folder that the program was started in, also when a daemon, which works
// in "/", reads its options again.
class InFolder {
 public:
  explicit InFolder(const std::string& folder) {
    before_ = std::filesystem::current_path(ignored_);
    std::filesystem::current_path(folder, ignored_);
  }
  InFolder(const InFolder&) = delete;
  InFolder& operator=(const InFolder&) = delete;
  ~InFolder() { std::filesystem::current_path(before_, ignored_); }

 private:
  std::error_code ignored_;  // then the paths cannot be opened, which says it better
  std::filesystem::path before_;
};

// The parts of a serving daemon that signals act on.
struct Serving {
  Server& server;
  Log& log;
  std::function<ParsedOptions()> parse;
  std::function<std::shared_ptr<const Registry>(const Options&)> make_registry;
  bool draining = false;

  void on_signal(int signal) {
    if (signal == SIGHUP) {
      reload();
    } else if (std::exchange(draining, true)) {
      log.write(Level::kWarn, "second signal, ending at once", {{"signal", signal}});
      server.stop();
    } else {
      log.write(Level::kInfo, "draining", {{"signal", signal}});
      server.drain();
    }
  }

  // The log's file and level, and the actions; everything else needs a restart.
  void reload() {
    if (const auto reopened = log.reopen(); !reopened) {
      log.write(Level::kError, "cannot reopen the log", {{"reason", reopened.error().message}});
    }
    try {
      const ParsedOptions parsed = parse();
      server.set_registry(make_registry(parsed.options));
      log.set_level(parsed.options.log.level);
      log.write(Level::kInfo, "reloaded");
    } catch (const std::exception& error) {
      log.write(Level::kError, "cannot reload, going on as before", {{"reason", error.what()}});
    }
  }
};

void log_counts(Log& log, std::string_view message, const DrainReport::Counts& counts) {
  std::vector<Field> fields;
  for (const auto& [action, count] : counts) fields.emplace_back(action, count);
  if (!fields.empty()) log.write(Level::kInfo, message, std::span<const Field>(fields));
}

void log_end(Log& log, const Server& server) {
  const DrainReport report = server.drain_report();
  log_counts(log, "answered while draining", report.answered());
  log_counts(log, "cut off by the drain time-out", report.cut());
  log.write(Level::kInfo, "ended",
            {{"accepted", server.count(Counter::kAccepted)},
             {"requests", server.count(Counter::kRequests)},
             {"error_replies", server.count(Counter::kErrorReplies)},
             {"deadline_exceeded", server.count(Counter::kDeadlineExceeded)},
             {"calls_dropped", server.count(Counter::kCallsDropped)},
             {"late_answers", server.count(Counter::kLateAnswers)},
             {"drained", server.count(Counter::kDrained)},
             {"cut", server.count(Counter::kCut)}});
}

// Throws StartError: it cannot be written.
void print_answer(const std::string& text) {
  const auto written = reactor::write_all(STDOUT_FILENO, text, "standard output");
  if (!written) throw StartError(written.error().message);
}

Program program_of(int argc, const char* const* argv) {
  Program program;
  const std::string name = argc > 0 ? std::filesystem::path(argv[0]).filename().string() : "";
  if (!name.empty()) program.name = name;
  return program;
}

// Those that a caller can do something about.
handlers::DescribedLimits described_limits(const Limits& limits) {
  const auto millis = std::chrono::duration_cast<std::chrono::milliseconds>(limits.request_timeout);
  return {{"max-content", std::to_string(limits.max_content)},
          {"request-timeout-ms", std::to_string(millis.count())}};
}

std::shared_ptr<Registry> with_layers(const Registry& registry,
                                      const std::vector<handlers::Layer>& layers) {
  auto layered = std::make_shared<Registry>();
  for (const auto& [name, bare] : registry.actions()) {
    handlers::Action action = bare;
    for (const handlers::Layer& layer : layers) {
      action = handlers::with_layer(std::move(action), layer);
    }
    layered->add(std::move(action));
  }
  return layered;
}

// The access log's, for as long as the log is there.
class AccessLogged {
 public:
  AccessLogged(AccessLines& lines, Log& log) : lines_(lines) { lines_.write_to(&log); }
  AccessLogged(const AccessLogged&) = delete;
  AccessLogged& operator=(const AccessLogged&) = delete;
  ~AccessLogged() { lines_.write_to(nullptr); }

 private:
  AccessLines& lines_;
};

}  // namespace

App::App(int argc, const char* const* argv) : App(argc, argv, program_of(argc, argv)) {}

App::App(int argc, const char* const* argv, Program program)
    : argc_(argc), argv_(argv), program_(std::move(program)) {
  std::error_code ignored;  // a start in a folder that is gone has no relative paths to offer
  start_folder_ = std::filesystem::current_path(ignored).string();
}

App& App::add(handlers::Action action) {
  return add(
      [action = std::move(action)](Registry& registry, const Options&) { registry.add(action); });
}

App& App::add(AddActions add_actions) {
  add_actions_.push_back(std::move(add_actions));
  return *this;
}

App& App::use(handlers::Layer layer) {
  layers_.push_back(std::move(layer));
  return *this;
}

App& App::log_access() { return use(access_lines_.layer()); }

App& App::use_backend(reactor::BackendFactory backend) {
  backend_ = std::move(backend);
  return *this;
}

App& App::use_outgoing_calls(OutgoingCallsFactory make_outgoing) {
  make_outgoing_ = std::move(make_outgoing);
  return *this;
}

ParsedOptions App::parse() const {
  const InFolder folder(start_folder_);
  return parse_options(argc_, argv_, system_environment(), program_);
}

std::shared_ptr<const Registry> App::registry(const Options& options) const {
  auto made = std::make_shared<Registry>();
  for (const AddActions& add_actions : add_actions_) add_actions(*made, options);
  for (const std::string& plugin : options.plugins) add_plugin_actions(*made, plugin);
  handlers::add_describe(*made, described_limits(options.limits));
  return layers_.empty() ? made : with_layers(*made, layers_);
}

int App::run() {
  open_missing_standard_streams();
  std::signal(SIGPIPE, SIG_IGN);  // a reader of our standard output that goes must not end us
  std::optional<Daemonizer> daemonizer;
  ExitCode exit_code = ExitCode::kSuccess;
  std::string line;
  try {
    const ParsedOptions parsed = parse();
    if (parsed.answer) {
      print_answer(*parsed.answer);
      return static_cast<int>(exit_code);
    }
    if (parsed.options.daemon) daemonizer.emplace(Daemonizer::detach());
    serve(parsed.options, daemonizer ? &*daemonizer : nullptr);
    return static_cast<int>(exit_code);
  } catch (const StartError& error) {
    line = program_.name + ": " + error.what();
    exit_code = error.exit_code();
  } catch (const std::exception& error) {
    line = program_.name + ": " + error.what();
    exit_code = ExitCode::kFailure;
  }
  line = on_one_line(line);
  if (daemonizer) {
    daemonizer->report_failure(line, exit_code);
  } else {
    static_cast<void>(reactor::write_all(STDERR_FILENO, line + "\n", "standard error"));
  }
  return static_cast<int>(exit_code);
}

void App::serve(const Options& options, Daemonizer* daemonizer) {
  std::optional<PidFile> pid_file;
  if (!options.pid_file.empty()) pid_file.emplace(PidFile::acquire(options.pid_file));
  Log log(options.log);
  const AccessLogged logged(access_lines_, log);
  Server server(with_connection_limit(options), options.threads, log, registry(options), backend_,
                make_outgoing_);
  const std::string ready = listen_all(server, options);

  Serving serving{.server = server,
                  .log = log,
                  .parse = [this] { return parse(); },
                  .make_registry = [this](const Options& now) { return registry(now); }};
  const auto signals =
      reactor::Signals::watch(server.main_loop(), {SIGTERM, SIGINT, SIGHUP},
                              [&serving](int signal) { serving.on_signal(signal); });
  if (!signals) throw StartError("cannot watch signals: " + signals.error().message);

  if (daemonizer != nullptr) {
    daemonizer->report_ready(ready);
  } else {
    std::fputs(ready.c_str(), stdout);
    std::fflush(stdout);
  }
  server.run();
  log_end(log, server);
}

void add_builtin_actions(Registry& registry, const Options& options) {
  handlers::BuiltinOptions builtin;
  if (!options.search_file.empty()) {
    builtin.search_entries = read_search_file(options.search_file);
  }
  handlers::add_builtin_actions(registry, builtin);
}

}  // namespace appd::servers
