// epoll(7), level-triggered, with an eventfd(2) for wake().
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>

#include "appd/reactor/check.h"
#include "appd/reactor/poller.h"

namespace appd::reactor {
namespace {

// The eventfd's own token; a loop's indices never get there.
constexpr std::uint64_t kWakeToken = UINT64_MAX;

std::uint64_t pack(Token token) {
  return static_cast<std::uint64_t>(token.generation) << 32 | token.index;
}

Token unpack(std::uint64_t packed) {
  return {static_cast<std::uint32_t>(packed), static_cast<std::uint32_t>(packed >> 32)};
}

std::uint32_t event_bits(Interest interest) {
  std::uint32_t bits = 0;
  if (includes(interest, Interest::kRead)) bits |= EPOLLIN;
  if (includes(interest, Interest::kWrite)) bits |= EPOLLOUT;
  return bits;
}

int to_milliseconds(std::optional<Duration> timeout) {
  if (!timeout) return -1;
  const auto rounded_up = std::chrono::ceil<std::chrono::milliseconds>(*timeout).count();
  return static_cast<int>(std::clamp<std::int64_t>(rounded_up, 0, INT_MAX));
}

class EpollPoller final : public Poller {
 public:
  EpollPoller(OwnedFd epoll, OwnedFd wake) : epoll_(std::move(epoll)), wake_(std::move(wake)) {}

  Result<void> add(Descriptor fd, Interest interest, Token token) override {
    return control(EPOLL_CTL_ADD, fd, interest, token);
  }

  Result<void> modify(Descriptor fd, Interest, Interest to, Token token) override {
    return control(EPOLL_CTL_MOD, fd, to, token);
  }

  void remove(Descriptor fd, Interest) override {
    // The event is unused, but must not be null before Linux 2.6.9 (epoll_ctl(2), BUGS).
    epoll_event none{};
    const int result = ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, &none);
    APPD_CHECK(result == 0, fd, errno);
  }

  Result<std::size_t> wait(std::optional<Duration> timeout, std::span<ReadyEvent> events) override {
    APPD_CHECK(!events.empty());
    const auto room = static_cast<int>(std::min(events.size(), raw_.size()));
    const int count = ::epoll_wait(epoll_.get(), raw_.data(), room, to_milliseconds(timeout));
    if (count < 0) {
      if (errno == EINTR) return 0;
      return system_failure(errno, "epoll_wait");
    }
    std::size_t filled = 0;
    for (const epoll_event& raw : std::span(raw_).first(static_cast<std::size_t>(count))) {
      if (raw.data.u64 == kWakeToken) continue;
      events[filled++] = level(raw);
    }
    return filled;
  }

  void wake() override {
    const int saved_errno = errno;
    const std::uint64_t one = 1;
    // Fails only when the counter is full, and then the event has been raised already.
    [[maybe_unused]] const ssize_t written = ::write(wake_.get(), &one, sizeof one);
    errno = saved_errno;
  }

 private:
  static constexpr std::size_t kBatch = 256;  // events of one epoll_wait, as many as a loop takes

  Result<void> control(int operation, Descriptor fd, Interest interest, Token token) {
    APPD_CHECK(interest != Interest::kNone, fd);
    epoll_event event{};
    event.events = event_bits(interest);
    event.data.u64 = pack(token);
    if (::epoll_ctl(epoll_.get(), operation, fd, &event) == 0) return {};
    return system_failure(errno, "epoll_ctl");
  }

  // An error or a hang-up comes unasked and, for pipes, alone (no EPOLLIN at the end of a pipe): it
  // stands for both directions.
  static ReadyEvent level(const epoll_event& raw) {
    const bool broken = (raw.events & (EPOLLERR | EPOLLHUP)) != 0;
    return {.token = unpack(raw.data.u64),
            .readable = broken || (raw.events & EPOLLIN) != 0,
            .writable = broken || (raw.events & EPOLLOUT) != 0};
  }

  OwnedFd epoll_;
  OwnedFd wake_;
  std::array<epoll_event, kBatch> raw_;
};

}  // namespace

Result<std::unique_ptr<Poller>> make_epoll_poller() {
  OwnedFd epoll(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll.valid()) return system_failure(errno, "epoll_create1");
  OwnedFd wake(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!wake.valid()) return system_failure(errno, "eventfd");
  // Edge-triggered: each write raises one event, and nobody has to read the counter down.
  epoll_event event{};
  event.events = EPOLLIN | EPOLLET;
  event.data.u64 = kWakeToken;
  if (::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, wake.get(), &event) != 0) {
    return system_failure(errno, "epoll_ctl");
  }
  return std::make_unique<EpollPoller>(std::move(epoll), std::move(wake));
}

}  // namespace appd::reactor
