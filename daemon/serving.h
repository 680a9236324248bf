// What App::run() does between its options and its exit code: all that a serving daemon has beside
// its loops, begun in order and undone in the reverse one, wherever a start fails.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "appd/daemon/app.h"
#include "appd/daemon/daemonize.h"
#include "appd/daemon/pid_file.h"
#include "appd/daemon/reloader.h"
#include "appd/servers/server.h"

namespace appd::daemon {

class Serving {
 public:
  // Begins: pid file, log, start functions, actions, sockets, threads. `app` outlives it. Throws
  // StartError, and what the app's own functions throw.
  Serving(const App& app, const ParsedOptions& parsed);
  // Undoes it; then calls the stop functions.
  ~Serving();
  Serving(const Serving&) = delete;
  Serving& operator=(const Serving&) = delete;

  // Announces, to `daemonizer` or (null) on standard output, and serves until a signal ends it.
  // Throws StartError: what it needs for that cannot be had. False: a reload still runs, and uses
  // the app.
  [[nodiscard]] bool run(Daemonizer* daemonizer);

 private:
  // The functions of on_start() have run; those of on_stop() will.
  class Started;

  [[nodiscard]] std::string listen_all();
  void on_signal(int signal);
  // May still run when this is gone, and so does not touch it; what is returned does.
  [[nodiscard]] static Reloader::Apply load(Serving* self, const App& app,
                                            const options::OptionValues& running);
  // On the reload's thread.
  void apply(const ParsedOptions& parsed, std::unique_ptr<const handlers::Registry> registry);
  // On the first loop's.
  void tell_program(const ParsedOptions& parsed);

  const Options options_;
  std::shared_ptr<options::OptionValues> values_;  // as they count now; the reloads' own
  std::optional<PidFile> pid_file_;
  logging::Log log_;
  const Attachment log_attached_;
  std::unique_ptr<Started> started_;
  const App& app_;
  Reloader reloader_;
  std::optional<servers::Server> server_;
  std::optional<Attachment> loop_attached_;
  std::string ready_lines_;
  bool draining_ = false;
};

}  // namespace appd::daemon
