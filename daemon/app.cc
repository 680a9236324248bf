#include "appd/daemon/app.h"

#include <cxxabi.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <memory>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "appd/daemon/daemonize.h"
#include "appd/daemon/plugin.h"
#include "appd/daemon/process_signals.h"
#include "appd/daemon/search_file.h"
#include "appd/daemon/serving.h"
#include "appd/handlers/actions/builtin.h"
#include "appd/handlers/actions/describe.h"
#include "appd/machine/thread_limits.h"
#include "appd/options/start_error.h"
#include "appd/protocol/text/printable_text.h"
#include "appd/reactor/backend.h"
#include "appd/reactor/posix/descriptor_io.h"

namespace appd::daemon {
namespace {

using handlers::Registry;

Program program_of(int argc, const char* const* argv) {
  Program program;
  const std::string name = argc > 0 ? std::filesystem::path(argv[0]).filename().string() : "";
  if (!name.empty()) program.name = name;
  return program;
}

// Those that a caller can do something about.
handlers::DescribedLimits described_limits(const servers::Limits& limits) {
  const auto millis = std::chrono::duration_cast<std::chrono::milliseconds>(limits.request_timeout);
  return {{"max-content", std::to_string(limits.max_content)},
          {"request-timeout-ms", std::to_string(millis.count())}};
}

// As it is written in the source.
std::string type_text(const std::type_index& type) {
  int failed = 0;
  const std::unique_ptr<char, void (*)(void*)> text(
      abi::__cxa_demangle(type.name(), nullptr, nullptr, &failed), std::free);
  return failed == 0 ? text.get() : type.name();
}

// `on_loop`: layers may ask for what is kept for the connection.
std::unique_ptr<Registry> with_layers(const Registry& registry,
                                      const std::vector<handlers::Layer>& layers, bool on_loop) {
  auto layered = std::make_unique<Registry>();
  for (const auto& [name, bare] : registry.actions()) {
    handlers::Action action = bare;
    action.on_loop_only |= on_loop && !action.runs_in_pool;
    for (const handlers::Layer& layer : layers) {
      action = handlers::with_layer(std::move(action), layer);
    }
    layered->add(std::move(action));
  }
  return layered;
}

// Throws StartError: an action wants what is not kept.
void check_session_data(const Registry& registry, const std::set<std::type_index>& kept) {
  for (const auto& [name, action] : registry.actions()) {
    for (const std::type_index& type : action.session_data) {
      if (kept.contains(type)) continue;
      throw options::StartError("action \"" + name + "\" takes a " + type_text(type) +
                                "& of the connection, which is not declared: call "
                                "app.session_data<" +
                                type_text(type) + ">()");
    }
  }
}

// Throws StartError: it cannot be written.
void print_answer(const std::string& text) {
  const auto written = reactor::write_all(STDOUT_FILENO, text, "standard output");
  if (!written) throw options::StartError(written.error().message);
}

struct Failure {
  std::string line;
  options::ExitCode exit_code = options::ExitCode::kFailure;
};

// Of the exception that is being handled.
Failure current_failure() {
  try {
    throw;
  } catch (const options::StartError& error) {
    return {error.what(), error.exit_code()};
  } catch (const std::bad_alloc&) {
    return {machine::memory_start_error().what()};
  } catch (const std::exception& error) {
    return {error.what()};
  } catch (...) {
    return {"a function of the program failed without saying why"};
  }
}

// For a reload that still uses what main() would destroy.
[[noreturn]] void leave_at_once() {
  std::fflush(nullptr);
  std::_Exit(static_cast<int>(options::ExitCode::kSuccess));
}

}  // namespace

App::App() : App(0, nullptr) {}

App::App(int argc, const char* const* argv) : App(argc, argv, program_of(argc, argv)) {}

App::App(int argc, const char* const* argv, Program program)
    : argc_(argc),
      argv_(argv),
      program_(std::move(program)),
      log_(std::make_shared<AppLog>()),
      loop_(std::make_shared<AppLoop>()),
      metrics_(std::make_unique<servers::ProgramMetrics>()),
      protocols_(std::make_shared<servers::ServedProtocols>()),
      backend_(reactor::system_backend) {
  servers::add_built_in_protocols(*protocols_);
  if (argv != nullptr) signals_.emplace(take_over_signals());
  std::error_code ignored;  // a start in a folder that is gone has no relative paths to offer
  start_folder_ = std::filesystem::current_path(ignored).string();
}

App::App(App&& other) noexcept = default;

App::~App() = default;

App& App::add(handlers::Action action) {
  return add(
      [action = std::move(action)](Registry& registry, const Options&) { registry.add(action); });
}

App& App::add(AddActions add_actions) {
  add_actions_.push_back(std::move(add_actions));
  return *this;
}

App& App::protocol(std::string_view name, servers::SessionMaker sessions) {
  protocols_->add(name, std::move(sessions));
  return *this;
}

App& App::use(handlers::Layer layer) {
  layers_.push_back(std::move(layer));
  return *this;
}

App& App::log_access() {
  log_access_ = true;
  return *this;
}

App& App::use_backend(reactor::BackendFactory backend) {
  backend_ = std::move(backend);
  return *this;
}

App& App::use_outgoing_calls(servers::OutgoingCallsFactory make_outgoing) {
  make_outgoing_ = std::move(make_outgoing);
  return *this;
}

App& App::option(options::ProgramOption option) {
  options_.push_back(std::move(option));
  return *this;
}

servers::ProgramCounter& App::counter(std::string name, std::string help) {
  return metrics_->counter(std::move(name), std::move(help));
}

servers::ProgramGauge& App::gauge(std::string name, std::string help) {
  return metrics_->gauge(std::move(name), std::move(help));
}

servers::ProgramHistogram& App::histogram(std::string name, std::string help,
                                          std::vector<double> bounds) {
  return metrics_->histogram(std::move(name), std::move(help), std::move(bounds));
}

ParsedOptions App::parse(const options::OptionValues& running) const {
  std::vector<std::function<void()>> write_variables;
  Program program = program_;
  program.protocols = protocols_->names();
  program.add_options = [&](options::OptionTable& table) {
    if (program_.add_options) program_.add_options(table);
    for (const options::ProgramOption& option : options_) {
      write_variables.push_back(option(table));
    }
  };
  ParsedOptions parsed =
      parse_options(argc_, argv_, system_environment(), program, start_folder_, running);
  parsed.write_variables = std::move(write_variables);
  return parsed;
}

std::unique_ptr<Registry> App::make_registry(const Options& options) const {
  auto made = std::make_unique<Registry>();
  for (const AddActions& add_actions : add_actions_) add_actions(*made, options);
  for (const std::string& plugin : options.plugins) add_plugin_actions(*made, plugin);
  check_session_data(*made, session_data_);
  handlers::add_describe(*made, described_limits(options.limits));
  if (layers_.empty()) return made;
  return with_layers(*made, layers_, !session_data_.empty());
}

std::shared_ptr<const Registry> App::registry(const Options& options) const {
  return make_registry(options);
}

int App::run() {
  reactor::open_missing_standard_streams();
  std::optional<Daemonizer> daemonizer;
  Failure failure;
  try {
    const ParsedOptions parsed = parse();
    if (parsed.answer) {
      let_served_signals_end_us();
      print_answer(*parsed.answer);
      return static_cast<int>(options::ExitCode::kSuccess);
    }
    for (const auto& write_variable : parsed.write_variables) write_variable();
    if (parsed.options.daemon) daemonizer.emplace(Daemonizer::detach());
    bool everything_ended = false;
    {
      Serving serving(*this, parsed);
      everything_ended = serving.run(daemonizer ? &*daemonizer : nullptr);
    }
    if (!everything_ended) leave_at_once();
    return static_cast<int>(options::ExitCode::kSuccess);
  } catch (...) {
    failure = current_failure();
  }
  let_served_signals_end_us();
  const std::string line = protocol::on_one_line(program_.name + ": " + failure.line);
  if (daemonizer) {
    daemonizer->report_failure(line, failure.exit_code);
  } else {
    static_cast<void>(reactor::write_all(STDERR_FILENO, line + "\n", "standard error"));
  }
  return static_cast<int>(failure.exit_code);
}

void add_builtin_actions(Registry& registry, const Options& options) {
  handlers::BuiltinOptions builtin;
  if (!options.search_file.empty()) {
    builtin.search_entries = read_search_file(options.search_file);
  }
  handlers::add_builtin_actions(registry, builtin);
}

}  // namespace appd::daemon
