#include "reactor/signals.h"

#include <array>
#include <atomic>
#include <cerrno>
#include <string>
#include <thread>

#include "reactor/check.h"

namespace appd::reactor {
namespace {

// A signal handler gets no argument of ours; these are all it touches (lock-free atomics and
// write(2), signal-safety(7)).
constexpr int kSignals = 129;  // the numbers of every system are below
std::array<std::atomic<bool>, kSignals> pending{};
std::atomic<int> write_descriptor = kNoDescriptor;
std::atomic<int> handlers_running = 0;
static_assert(std::atomic<int>::is_always_lock_free && std::atomic<bool>::is_always_lock_free);

extern "C" void note_signal(int signo) {
  const int saved_errno = errno;
  handlers_running.fetch_add(1);
  pending[static_cast<std::size_t>(signo)].store(true);
  if (const int fd = write_descriptor.load(); fd != kNoDescriptor) {
    // A full pipe is as good: the loop will look.
    [[maybe_unused]] const ssize_t written = ::write(fd, "", 1);
  }
  handlers_running.fetch_sub(1);
  errno = saved_errno;
}

}  // namespace

Result<std::unique_ptr<Signals>> Signals::watch(EventLoop& loop, std::vector<int> signals,
                                                std::function<void(int)> on_signal) {
  APPD_CHECK(write_descriptor.load() == kNoDescriptor);
  auto pipe = make_self_pipe();
  if (!pipe) return tl::unexpected(std::move(pipe.error()));
  std::unique_ptr<Signals> watcher(new Signals(loop, std::move(on_signal), std::move(*pipe)));
  if (auto done = watcher->registration_.set_interest(Interest::kRead); !done) {
    return tl::unexpected(std::move(done.error()));
  }
  if (auto done = watcher->install(signals); !done) {
    return tl::unexpected(std::move(done.error()));
  }
  return watcher;
}

Signals::Signals(EventLoop& loop, std::function<void(int)> on_signal, SelfPipe pipe)
    : on_signal_(std::move(on_signal)),
      pipe_(std::move(pipe)),
      registration_(loop.watch(pipe_.read_end.get(), *this)) {
  write_descriptor.store(pipe_.write_end.get());
}

Result<void> Signals::install(const std::vector<int>& signals) {
  struct sigaction action {};
  action.sa_handler = note_signal;
  action.sa_flags = SA_RESTART;
  sigfillset(&action.sa_mask);  // a macro on some systems
  for (const int signo : signals) {
    struct sigaction before {};
    const bool in_range = signo > 0 && signo < kSignals;
    if (!in_range) return system_failure(EINVAL, "watch signal " + std::to_string(signo));
    pending[static_cast<std::size_t>(signo)].store(false);
    if (::sigaction(signo, &action, &before) != 0) {
      return system_failure(errno, "watch signal " + std::to_string(signo));
    }
    previous_.emplace_back(signo, before);
  }
  return {};
}

Signals::~Signals() {
  // Backwards, for a signal that was named twice.
  for (auto it = previous_.rbegin(); it != previous_.rend(); ++it) {
    ::sigaction(it->first, &it->second, nullptr);
  }
  write_descriptor.store(kNoDescriptor);
  // Another thread may be between reading the descriptor and writing to it.
  while (handlers_running.load() != 0) std::this_thread::yield();
}

void Signals::on_ready(Ready) {
  // First the pipe, then the flags: a signal in between makes one more event, and is not lost.
  // One read: what it leaves makes one more event, too.
  std::array<char, 4096> bytes;
  [[maybe_unused]] const ssize_t count = ::read(pipe_.read_end.get(), bytes.data(), bytes.size());
  for (const auto& [signo, before] : previous_) {
    if (pending[static_cast<std::size_t>(signo)].exchange(false)) on_signal_(signo);
  }
}

}  // namespace appd::reactor
