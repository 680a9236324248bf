#include "appd/daemon/process_signals.h"

#include <unistd.h>

#include <iterator>
#include <vector>

#include "appd/reactor/check.h"

namespace appd::daemon {
namespace {

void settle_children() {
  struct sigaction now {};
  if (::sigaction(SIGCHLD, nullptr, &now) != 0) return;
  const bool first_process = ::getpid() == 1;
  if (now.sa_handler == (first_process ? SIG_DFL : SIG_IGN)) {
    ::signal(SIGCHLD, first_process ? SIG_IGN : SIG_DFL);
  }
}

}  // namespace

reactor::HeldSignals take_over_signals() {
  reactor::HeldSignals signals;
  const auto held = signals.hold({std::begin(kServedSignals), std::end(kServedSignals)});
  APPD_CHECK(held.has_value());
  signals.disarm({SIGPIPE, SIGXFSZ, SIGUSR1, SIGUSR2});
  settle_children();
  return signals;
}

void let_served_signals_end_us() {
  for (const int signo : kServedSignals) ::signal(signo, SIG_DFL);
}

}  // namespace appd::daemon
