// --daemon: the program goes on in the background, and the shell gets its prompt back only when
// the daemon is ready, or has failed.
//
//   Daemonizer daemonizer = Daemonizer::detach();   // no thread, no socket, no log before this
//   ... bind, listen ...
//   daemonizer.report_ready("listening on app://127.0.0.1:65432\n");
#pragma once

#include <string_view>

#include "appd/options/start_error.h"
#include "appd/reactor/posix/owned_fd.h"

namespace appd::daemon {

class Daemonizer {
 public:
  // Returns in the daemon alone: no terminal, a session of its own, working directory "/" (make
  // paths absolute first; parse_options() does), umask without write for group and others, and no
  // descriptor of whoever started it but the standard streams, until it is ready. The process that
  // called waits for a report, repeats it and exits with its code; where the daemon dies without
  // one, it says so and exits with kFailure, and so it does where it cannot print what it should.
  // Throws StartError: fork or pipe refused; there is another thread, which no fork takes along.
  // SIGPIPE is disarmed before (reactor/posix/held_signals.h): the first process may be ended.
  [[nodiscard]] static Daemonizer detach();

  Daemonizer(Daemonizer&&) noexcept = default;
  Daemonizer& operator=(Daemonizer&&) = delete;

  // The first process prints `lines` on standard output and exits with kSuccess; this one's
  // standard input, output and error become /dev/null. Only the first report of either kind counts.
  void report_ready(std::string_view lines);
  // The first process prints `line` on standard error and exits with `exit_code`; what this process
  // does next is up to the caller, usually to return from main.
  void report_failure(std::string_view line, options::ExitCode exit_code);

 private:
  explicit Daemonizer(reactor::OwnedFd report_pipe);
  void report(options::ExitCode exit_code, std::string_view text);

  reactor::OwnedFd report_pipe_;
};

}  // namespace appd::daemon
