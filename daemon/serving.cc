#include "appd/daemon/serving.h"

#include <exception>
#include <iterator>
#include <string_view>
#include <utility>
#include <vector>

#include "appd/daemon/kept_memory.h"
#include "appd/daemon/process_signals.h"
#include "appd/daemon/ready_lines.h"
#include "appd/machine/file_limit.h"
#include "appd/options/start_error.h"
#include "appd/reactor/posix/signals.h"

namespace appd::daemon {
namespace {

using handlers::Registry;

std::optional<PidFile> acquire_pid_file(const Options& options) {
  if (options.pid_file.empty()) return std::nullopt;
  return PidFile::acquire(options.pid_file);
}

servers::Limits with_connection_limit(const Options& options) {
  servers::Limits limits = options.limits;
  const std::size_t files = machine::raise_file_limit();
  if (limits.max_connections == 0) {
    limits.max_connections = machine::usable_connections(files, options.threads,
                                                         options.listen.size() * options.threads);
  }
  return limits;
}

std::string joined(const std::vector<std::string>& names) {
  std::string all;
  for (const std::string& name : names) all += (all.empty() ? "" : ", ") + name;
  return all;
}

void log_counts(logging::Log& log, std::string_view message,
                const servers::DrainReport::Counts& counts) {
  std::vector<logging::Field> fields;
  for (const auto& [action, count] : counts) fields.emplace_back(action, count);
  if (!fields.empty())
    log.write(logging::Level::kInfo, message, std::span<const logging::Field>(fields));
}

void log_end(logging::Log& log, const servers::Server& server) {
  const servers::DrainReport report = server.drain_report();
  log_counts(log, "answered while draining", report.answered());
  log_counts(log, "cut off by the drain time-out", report.cut());
  log.write(logging::Level::kInfo, "ended",
            {{"accepted", server.count(servers::Counter::kAccepted)},
             {"requests", server.count(servers::Counter::kRequests)},
             {"error_replies", server.count(servers::Counter::kErrorReplies)},
             {"internal_errors", server.count(servers::Counter::kInternalErrors)},
             {"deadline_exceeded", server.count(servers::Counter::kDeadlineExceeded)},
             {"calls_dropped", server.count(servers::Counter::kCallsDropped)},
             {"late_answers", server.count(servers::Counter::kLateAnswers)},
             {"drained", server.count(servers::Counter::kDrained)},
             {"cut", server.count(servers::Counter::kCut)}});
}

}  // namespace

class Serving::Started {
 public:
  Started(const App& app, const Options& options, logging::Log& log) : app_(app), log_(log) {
    app.call_start_functions(options);
  }
  Started(const Started&) = delete;
  Started& operator=(const Started&) = delete;
  ~Started() {
    try {
      app_.call_stop_functions();
    } catch (const std::exception& error) {
      log_.write(logging::Level::kError, "a stop function failed", {{"reason", error.what()}});
    } catch (...) {
      log_.write(logging::Level::kError, "a stop function failed");
    }
  }

 private:
  const App& app_;
  logging::Log& log_;
};

Serving::Serving(const App& app, const ParsedOptions& parsed)
    : options_(parsed.options),
      values_(std::make_shared<options::OptionValues>(parsed.values)),
      pid_file_(acquire_pid_file(options_)),
      log_(options_.log),
      log_attached_(app.log(), log_),
      started_(std::make_unique<Started>(app, options_, log_)),
      app_(app),
      reloader_([this, &app, running = values_] { return load(this, app, *running); },
                [this](std::string_view reason) {
                  log_.write(logging::Level::kError, "cannot reload, going on as before",
                             {{"reason", reason}});
                }) {
  server_.emplace(with_connection_limit(options_), options_.threads, log_,
                  reloader_.destroyed_here(app.make_registry(options_)),
                  servers::ServerParts{.backend = app.backend_,
                                       .protocols = app.protocols(),
                                       .make_outgoing = app.make_outgoing_});
  if (app.log_access_) server_->log_access();
  server_->use(app.functions());
  loop_attached_.emplace(app.loop(), server_->main_loop());
  ready_lines_ = listen_all();
  server_->start();
}

Serving::~Serving() = default;

std::string Serving::listen_all() {
  std::string lines;
  for (const protocol::Address& wanted : options_.listen) {
    for (const protocol::Address& bound : server_->listen(wanted, options_.socket_mode)) {
      lines += "listening on " + bound.to_string() + "\n";
    }
  }
  return lines;
}

bool Serving::run(Daemonizer* daemonizer) {
  const auto signals = reactor::Signals::watch(
      server_->main_loop(), {std::begin(kServedSignals), std::end(kServedSignals)},
      [this](int signal) { on_signal(signal); });
  if (!signals) throw options::StartError("cannot watch signals: " + signals.error().message);
  ReadyLines ready(server_->main_loop(), daemonizer == nullptr ? ready_lines_ : "");
  ready.say();
  if (daemonizer != nullptr) daemonizer->report_ready(ready_lines_);
  const KeptMemory kept_memory(server_->main_loop(), [this] { return server_->buffered_bytes(); });
  server_->run();
  log_end(log_, *server_);
  return reloader_.stop(servers::WorkerPool::kStopWait);
}

void Serving::on_signal(int signal) {
  if (signal == SIGHUP) {
    // Here and now, whatever is read otherwise: open(2) of a log file waits for nobody.
    if (const auto reopened = log_.reopen(); !reopened) {
      log_.write(logging::Level::kError, "cannot reopen the log",
                 {{"reason", reopened.error().message}});
    }
    reloader_.request();
  } else if (std::exchange(draining_, true)) {
    log_.write(logging::Level::kWarn, "second signal, ending at once", {{"signal", signal}});
    server_->stop();
  } else {
    log_.write(logging::Level::kInfo, "draining", {{"signal", signal}});
    server_->drain();
  }
}

Reloader::Apply Serving::load(Serving* self, const App& app, const options::OptionValues& running) {
  const ParsedOptions parsed = app.parse(running);
  // std::function wants what can be copied.
  const auto registry = std::make_shared<std::unique_ptr<const Registry>>();
  *registry = app.make_registry(parsed.options);
  return [self, parsed, registry] { self->apply(parsed, std::move(*registry)); };
}

void Serving::apply(const ParsedOptions& parsed, std::unique_ptr<const Registry> registry) {
  server_->set_registry(reloader_.destroyed_here(std::move(registry)));
  log_.set_level(parsed.options.log.level);
  *values_ = parsed.values;
  // The program's variables and functions belong to the loop's thread.
  const bool posted = server_->main_loop().post([this, parsed] { tell_program(parsed); });
  if (!posted) log_.write(logging::Level::kError, "the program is not told of the reload");
  const options::OptionChanges& changes = parsed.changes;
  if (!changes.need_restart.empty()) {
    log_.write(logging::Level::kWarn, "changed settings need a restart",
               {{"settings", joined(changes.need_restart)}});
  }
  log_.write(logging::Level::kInfo, "reloaded",
             {{"changed", changes.applied.empty() ? "no setting" : joined(changes.applied)}});
}

void Serving::tell_program(const ParsedOptions& parsed) {
  for (const auto& write_variable : parsed.write_variables) write_variable();
  try {
    app_.call_reload_functions(parsed.options);
  } catch (const std::exception& error) {
    log_.write(logging::Level::kError, "a reload function failed", {{"reason", error.what()}});
  } catch (...) {
    log_.write(logging::Level::kError, "a reload function failed");
  }
}

}  // namespace appd::daemon
