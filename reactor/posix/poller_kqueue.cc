// kqueue(2) of FreeBSD, macOS, OpenBSD and NetBSD, and libkqueue elsewhere. Level-triggered (no
// EV_CLEAR). A descriptor with both interests has two kevents, which wait() puts together.
#include <fcntl.h>
#include <sys/types.h>
// The order matters to some systems: event.h needs the types.
#include <sys/event.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <type_traits>
#include <vector>

#include "appd/reactor/check.h"
#include "appd/reactor/poller.h"
#include "appd/reactor/posix/self_pipe.h"

namespace appd::reactor {
namespace {

using Kevent = struct kevent;
// void* on most systems, intptr_t on NetBSD before 10.
using UserData = decltype(Kevent::udata);
static_assert(sizeof(UserData) >= sizeof(std::uint64_t), "a token must fit into udata");

template <class To>
To pack(Token token) {
  const std::uint64_t packed = static_cast<std::uint64_t>(token.generation) << 32 | token.index;
  if constexpr (std::is_pointer_v<To>) {
    return reinterpret_cast<To>(static_cast<std::uintptr_t>(packed));
  } else {
    return static_cast<To>(packed);
  }
}

template <class From>
Token unpack(From data) {
  std::uint64_t packed = 0;
  if constexpr (std::is_pointer_v<From>) {
    packed = reinterpret_cast<std::uintptr_t>(data);
  } else {
    packed = static_cast<std::uint64_t>(data);
  }
  return {static_cast<std::uint32_t>(packed), static_cast<std::uint32_t>(packed >> 32)};
}

// At most one change for each direction, applied with one call.
class Changes {
 public:
  explicit Changes(Descriptor fd) : fd_(fd) {}

  // `action`: EV_ADD or EV_DELETE.
  void append(Interest interest, int action, Token token = {}) {
    if (includes(interest, Interest::kRead)) append_filter(EVFILT_READ, action, token);
    if (includes(interest, Interest::kWrite)) append_filter(EVFILT_WRITE, action, token);
  }

  // Stops at the first change that fails. Returns its errno, or 0.
  [[nodiscard]] int apply(Descriptor queue) const {
    if (count_ == 0) return 0;
    const int result = ::kevent(queue, list_.data(), count_, nullptr, 0, nullptr);
    // An interrupted call has applied its changes (kevent(2), ERRORS).
    return result < 0 && errno != EINTR ? errno : 0;
  }

 private:
  // Filled by hand: EV_SET casts udata to what it is on one system only.
  template <class Filter>
  void append_filter(Filter filter, int action, Token token) {
    Kevent& change = list_[static_cast<std::size_t>(count_++)];
    change = Kevent{};
    change.ident = static_cast<decltype(change.ident)>(fd_);
    change.filter = static_cast<decltype(change.filter)>(filter);
    change.flags = static_cast<decltype(change.flags)>(action);
    change.udata = pack<UserData>(token);
  }

  Descriptor fd_;
  std::array<Kevent, 2> list_;
  int count_ = 0;
};

Interest without(Interest all, Interest some) {
  return static_cast<Interest>(static_cast<unsigned>(all) & ~static_cast<unsigned>(some));
}

// Some systems refuse long times (EINVAL); returning early is allowed.
constexpr Duration kLongestWait = std::chrono::hours(24);

timespec to_timespec(Duration timeout) {
  const Duration bounded = std::clamp(timeout, Duration::zero(), kLongestWait);
  const auto seconds = std::chrono::floor<std::chrono::seconds>(bounded);
  timespec time{};
  time.tv_sec = static_cast<decltype(time.tv_sec)>(seconds.count());
  time.tv_nsec = static_cast<decltype(time.tv_nsec)>((bounded - seconds).count());
  return time;
}

class KqueuePoller final : public Poller {
 public:
  KqueuePoller(OwnedFd queue, SelfPipe wake) : queue_(std::move(queue)), wake_(std::move(wake)) {}

  // libkqueue wants its kevents gone before their descriptors.
  ~KqueuePoller() override { remove(wake_.read_end.get(), Interest::kRead); }

  Result<void> add(Descriptor fd, Interest interest, Token token) override {
    return change(fd, Interest::kNone, interest, token);
  }

  Result<void> modify(Descriptor fd, Interest from, Interest to, Token token) override {
    return change(fd, from, to, token);
  }

  void remove(Descriptor fd, Interest interest) override {
    Changes changes(fd);
    changes.append(interest, EV_DELETE);
    (void)changes.apply(queue_.get());
  }

  Result<std::size_t> wait(std::optional<Duration> timeout, std::span<ReadyEvent> events) override {
    APPD_CHECK(!events.empty());
    timespec time{};
    if (timeout) time = to_timespec(*timeout);
    const auto room = static_cast<int>(std::min(events.size(), raw_.size()));
    const int count =
        ::kevent(queue_.get(), nullptr, 0, raw_.data(), room, timeout ? &time : nullptr);
    if (count < 0) {
      if (errno == EINTR) return 0;
      return system_failure(errno, "kevent");
    }
    std::size_t filled = 0;
    for (const Kevent& raw : std::span(raw_).first(static_cast<std::size_t>(count))) {
      const auto fd = static_cast<Descriptor>(raw.ident);
      if (fd == wake_.read_end.get()) {
        drain_wakes();
        continue;
      }
      ReadyEvent& event = event_of(fd, raw, events, filled);
      // EV_EOF and EV_ERROR come with the filter that they concern.
      event.readable |= raw.filter == EVFILT_READ;
      event.writable |= raw.filter == EVFILT_WRITE;
    }
    return filled;
  }

  void wake() override {
    const int saved_errno = errno;
    // A full pipe is as good: the wait will return.
    [[maybe_unused]] const ssize_t written = ::write(wake_.write_end.get(), "", 1);
    errno = saved_errno;
  }

 private:
  static constexpr std::size_t kBatch = 256;  // kevents of one call, as many as a loop takes

  Result<void> change(Descriptor fd, Interest from, Interest to, Token token) {
    APPD_CHECK(to != Interest::kNone, fd);
    // What may fail goes first, so that a failure leaves nothing changed; deleting needs no memory.
    // A kevent that stays is not touched: libkqueue cannot change one.
    const Interest added = without(to, from);
    Changes changes(fd);
    changes.append(added, EV_ADD, token);
    changes.append(without(from, to), EV_DELETE);
    const int error = changes.apply(queue_.get());
    if (error == 0) return {};
    if (added == Interest::kReadWrite) remove(fd, Interest::kRead);
    return system_failure(error, "kevent");
  }

  // The event that this batch already has for `fd`, or a new one at the end.
  ReadyEvent& event_of(Descriptor fd, const Kevent& raw, std::span<ReadyEvent> events,
                       std::size_t& filled) {
    const auto index = static_cast<std::size_t>(fd);
    if (position_of_.size() <= index) position_of_.resize(index + 1);
    const std::size_t position = position_of_[index];
    // A position of an earlier batch names another descriptor or is beyond the end.
    if (position < filled && descriptor_at_[position] == fd) return events[position];
    position_of_[index] = static_cast<std::uint32_t>(filled);
    descriptor_at_[filled] = fd;
    ReadyEvent& event = events[filled++];
    event = ReadyEvent{.token = unpack(raw.udata)};
    return event;
  }

  // One read: what it leaves ends the next wait early, which is allowed.
  void drain_wakes() {
    std::array<char, 4096> bytes;
    [[maybe_unused]] const ssize_t count = ::read(wake_.read_end.get(), bytes.data(), bytes.size());
  }

  OwnedFd queue_;
  SelfPipe wake_;
  std::array<Kevent, kBatch> raw_;
  std::array<Descriptor, kBatch> descriptor_at_;  // of the events of this batch
  std::vector<std::uint32_t> position_of_;        // by descriptor: where in the batch it was last
};

}  // namespace

Result<std::unique_ptr<Poller>> make_kqueue_poller() {
  OwnedFd queue(::kqueue());
  if (!queue.valid()) return system_failure(errno, "kqueue");
  // Not inherited by a child of fork(2), but by exec(2) without one.
  if (::fcntl(queue.get(), F_SETFD, FD_CLOEXEC) != 0) return system_failure(errno, "fcntl");
  auto wake = make_self_pipe();
  if (!wake) return tl::unexpected(std::move(wake.error()));
  Changes changes(wake->read_end.get());
  changes.append(Interest::kRead, EV_ADD);
  if (const int error = changes.apply(queue.get()); error != 0) {
    return system_failure(error, "kevent");
  }
  return std::make_unique<KqueuePoller>(std::move(queue), std::move(*wake));
}

}  // namespace appd::reactor
