#include "reactor/signals.h"

#include <atomic>
#include <bitset>
#include <cerrno>
#include <string>
#include <thread>

#include "reactor/check.h"

namespace appd::reactor {
namespace {

// A signal handler gets no argument of ours; these two are all it may touch (lock-free atomics,
// signal-safety(7)).
std::atomic<int> write_descriptor = kNoDescriptor;
std::atomic<int> handlers_running = 0;
static_assert(std::atomic<int>::is_always_lock_free);

extern "C" void write_signal_number(int signo) {
  const int saved_errno = errno;
  handlers_running.fetch_add(1);
  const int fd = write_descriptor.load();
  const auto number = static_cast<unsigned char>(signo);
  // A full pipe loses the number, behind hundreds that the loop has not looked at yet.
  if (fd != kNoDescriptor) {
    [[maybe_unused]] const ssize_t written = ::write(fd, &number, 1);
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
  action.sa_handler = write_signal_number;
  action.sa_flags = SA_RESTART;
  sigfillset(&action.sa_mask);
  for (const int signo : signals) {
    struct sigaction before {};
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
  std::bitset<256> seen;
  unsigned char numbers[256];
  // One read a turn: what is left makes the next turn.
  const ssize_t count = ::read(pipe_.read_end.get(), numbers, sizeof numbers);
  for (ssize_t i = 0; i < count; ++i) {
    if (seen.test(numbers[i])) continue;
    seen.set(numbers[i]);
    on_signal_(numbers[i]);
  }
}

}  // namespace appd::reactor
