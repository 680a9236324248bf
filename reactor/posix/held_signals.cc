#include "appd/reactor/posix/held_signals.h"

#include <pthread.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <string>
#include <thread>

#include "appd/reactor/check.h"

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

extern "C" void pass_over(int) {}

bool in_range(int signo) { return signo > 0 && signo < kSignals; }

void (*handler_of(int signo))(int) {
  struct sigaction now {};
  return ::sigaction(signo, nullptr, &now) == 0 ? now.sa_handler : SIG_ERR;
}

}  // namespace

Result<void> HeldSignals::hold(const std::vector<int>& signals) {
  for (const int signo : signals) {
    // Noted long ago, for somebody who is gone; what is held now is still to be told.
    if (in_range(signo) && handler_of(signo) != note_signal) take(signo);
    if (auto done = install(signo, note_signal); !done) return done;
    sigset_t one;
    sigset_t before;
    sigemptyset(&one);
    sigaddset(&one, signo);
    ::pthread_sigmask(SIG_UNBLOCK, &one, &before);  // behind the handler: one may wait
    if (sigismember(&before, signo) == 1) unblocked_.push_back(signo);
  }
  return {};
}

void HeldSignals::disarm(const std::vector<int>& signals) {
  for (const int signo : signals) {
    if (handler_of(signo) == SIG_DFL) static_cast<void>(install(signo, pass_over));
  }
}

Result<void> HeldSignals::install(int signo, void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  sigfillset(&action.sa_mask);
  struct sigaction before {};
  if (!in_range(signo)) return system_failure(EINVAL, "watch signal " + std::to_string(signo));
  if (::sigaction(signo, &action, &before) != 0) {
    return system_failure(errno, "watch signal " + std::to_string(signo));
  }
  previous_.emplace_back(signo, before);
  return {};
}

HeldSignals::~HeldSignals() {
  if (!unblocked_.empty()) {
    sigset_t blocked;
    sigemptyset(&blocked);
    for (const int signo : unblocked_) sigaddset(&blocked, signo);
    ::pthread_sigmask(SIG_BLOCK, &blocked, nullptr);
  }
  // Backwards, for a signal that was named twice.
  for (auto it = previous_.rbegin(); it != previous_.rend(); ++it) {
    ::sigaction(it->first, &it->second, nullptr);
  }
}

bool HeldSignals::take(int signo) {
  return pending[static_cast<std::size_t>(signo)].exchange(false);
}

bool HeldSignals::noted(int signo) { return pending[static_cast<std::size_t>(signo)].load(); }

void HeldSignals::wake_through(Descriptor fd) {
  const Descriptor before = write_descriptor.exchange(fd);
  APPD_CHECK(fd == kNoDescriptor || before == kNoDescriptor, before);
  // Another thread may be between reading the descriptor and writing to it.
  while (handlers_running.load() != 0) std::this_thread::yield();
}

}  // namespace appd::reactor
