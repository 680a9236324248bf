#include "appd/reactor/posix/signals.h"

#include <algorithm>
#include <array>

namespace appd::reactor {

Result<std::unique_ptr<Signals>> Signals::watch(EventLoop& loop, std::vector<int> signals,
                                                std::function<void(int)> on_signal) {
  auto pipe = make_self_pipe();
  if (!pipe) return tl::unexpected(std::move(pipe.error()));
  std::unique_ptr<Signals> watcher(
      new Signals(loop, std::move(signals), std::move(on_signal), std::move(*pipe)));
  if (auto done = watcher->registration_.set_interest(Interest::kRead); !done) {
    return tl::unexpected(std::move(done.error()));
  }
  if (auto done = watcher->held_.hold(watcher->signals_); !done) {
    return tl::unexpected(std::move(done.error()));
  }
  if (std::ranges::any_of(watcher->signals_, HeldSignals::noted)) watcher->registration_.schedule();
  return watcher;
}

Signals::Signals(EventLoop& loop, std::vector<int> signals, std::function<void(int)> on_signal,
                 SelfPipe pipe)
    : signals_(std::move(signals)),
      on_signal_(std::move(on_signal)),
      pipe_(std::move(pipe)),
      registration_(loop.watch(pipe_.read_end.get(), *this)) {
  HeldSignals::wake_through(pipe_.write_end.get());
}

Signals::~Signals() { HeldSignals::wake_through(kNoDescriptor); }

void Signals::on_ready(Ready) {
  // First the pipe, then the flags: a signal in between makes one more event, and is not lost.
  // One read: what it leaves makes one more event, too.
  std::array<char, 4096> bytes;
  [[maybe_unused]] const ssize_t count = ::read(pipe_.read_end.get(), bytes.data(), bytes.size());
  for (const int signo : signals_) {
    if (HeldSignals::take(signo)) on_signal_(signo);
  }
}

}  // namespace appd::reactor
