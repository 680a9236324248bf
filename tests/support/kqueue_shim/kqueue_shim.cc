// A kqueue is an epoll descriptor, so that close(2) closes it, and an entry of a side table with
// the knotes (a filter on a descriptor). The table cannot see the close; the entry is replaced
// when the number comes back as a new kqueue.
//
// Limits: EVFILT_READ and EVFILT_WRITE only; no EV_CLEAR (EINVAL); `data` of a listening socket's
// read is 1, not the length of its backlog; fflags stays 0 at EV_EOF (SO_ERROR cannot be looked at
// without clearing it); timeouts are rounded up to milliseconds.
#include <sys/epoll.h>
#include <sys/event.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

// Behind sys/socket.h.
#include <linux/sockios.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <unordered_map>

namespace {

struct Knote {
  bool exists = false;
  bool enabled = false;
  unsigned short flags = 0;
  void* udata = nullptr;

  bool active() const { return exists && enabled; }
};

// Both filters of one descriptor: epoll knows a descriptor only once.
struct Watch {
  Knote read;
  Knote write;
  bool in_epoll = false;
  bool write_first = false;  // the turn of the write filter, when there is room for one event
};

class Queue {
 public:
  explicit Queue(int epoll) : epoll_(epoll) {}

  // 0 or an errno.
  int change(const struct kevent& change);
  int wait(std::span<struct kevent> events, const timespec* timeout);

 private:
  static int apply(Knote& knote, const struct kevent& change);
  int sync(int fd, Watch& watch);
  std::size_t report(const epoll_event& raw, std::span<struct kevent> room);

  std::mutex mutex_;
  const int epoll_;
  std::unordered_map<int, Watch> watches_;  // guarded by mutex_
};

int Queue::change(const struct kevent& change) {
  if (change.filter != EVFILT_READ && change.filter != EVFILT_WRITE) return EINVAL;
  if ((change.flags & EV_CLEAR) != 0) return EINVAL;
  const std::lock_guard lock(mutex_);
  const int fd = static_cast<int>(change.ident);
  Watch& watch = watches_[fd];
  Knote& knote = change.filter == EVFILT_READ ? watch.read : watch.write;
  const Knote before = knote;
  int error = apply(knote, change);
  if (error == 0) error = sync(fd, watch);
  // A new owner of a number whose earlier owner was closed with its knotes still in the table.
  if (error == ENOENT && watch.in_epoll && (change.flags & EV_ADD) != 0) {
    watch = Watch{};
    error = apply(knote, change);
    if (error == 0) error = sync(fd, watch);
  }
  if (error != 0) knote = before;
  if (!watch.read.exists && !watch.write.exists) watches_.erase(fd);
  return error;
}

int Queue::apply(Knote& knote, const struct kevent& change) {
  if ((change.flags & EV_ADD) == 0 && !knote.exists) return ENOENT;
  if ((change.flags & EV_DELETE) != 0) {
    knote = Knote{};
    return 0;
  }
  if ((change.flags & EV_ADD) != 0) {
    if (!knote.exists) knote.enabled = true;
    knote.exists = true;
    knote.flags = change.flags & (EV_ONESHOT | EV_DISPATCH);
    knote.udata = change.udata;
  }
  if ((change.flags & EV_ENABLE) != 0) knote.enabled = true;
  if ((change.flags & EV_DISABLE) != 0) knote.enabled = false;
  return 0;
}

// Tells epoll what the knotes of `fd` want now.
int Queue::sync(int fd, Watch& watch) {
  epoll_event event{};
  event.data.fd = fd;
  if (watch.read.active()) event.events |= EPOLLIN | EPOLLRDHUP;
  if (watch.write.active()) event.events |= EPOLLOUT;
  // Without an active knote nothing may be reported; epoll would report errors.
  if (event.events == 0) {
    if (watch.in_epoll) ::epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, &event);
    watch.in_epoll = false;
    return 0;
  }
  const int operation = watch.in_epoll ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
  if (::epoll_ctl(epoll_, operation, fd, &event) != 0) return errno;
  watch.in_epoll = true;
  return 0;
}

std::int64_t readable_bytes(int fd) {
  int listening = 0;
  socklen_t length = sizeof listening;
  if (::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &length) == 0 && listening != 0) {
    return 1;
  }
  int bytes = 0;
  return ::ioctl(fd, FIONREAD, &bytes) == 0 ? bytes : 0;
}

std::int64_t writable_bytes(int fd) {
  int capacity = 0;
  int queued = 0;
  socklen_t length = sizeof capacity;
  if (::getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &capacity, &length) != 0) return 0;
  if (::ioctl(fd, SIOCOUTQ, &queued) != 0) return 0;
  return std::max(0, capacity - queued);
}

// Writes up to room.size() events, at least one when any filter is ready.
std::size_t Queue::report(const epoll_event& raw, std::span<struct kevent> room) {
  const int fd = raw.data.fd;
  const auto found = watches_.find(fd);
  if (found == watches_.end()) return 0;
  Watch& watch = found->second;
  const bool broken = (raw.events & (EPOLLERR | EPOLLHUP)) != 0;
  const bool read_end = broken || (raw.events & EPOLLRDHUP) != 0;
  const bool readable = watch.read.active() && (read_end || (raw.events & EPOLLIN) != 0);
  const bool writable = watch.write.active() && (broken || (raw.events & EPOLLOUT) != 0);

  std::size_t count = 0;
  const auto emit = [&](Knote& knote, short filter, bool ended, std::int64_t bytes) {
    const unsigned eof = ended ? EV_EOF : 0;
    room[count++] = {static_cast<std::uintptr_t>(fd),
                     filter,
                     static_cast<unsigned short>(knote.flags | eof),
                     0,
                     bytes,
                     knote.udata};
    watch.write_first = filter == EVFILT_READ;
    const unsigned short flags = knote.flags;
    if ((flags & EV_DISPATCH) != 0) knote.enabled = false;
    if ((flags & EV_ONESHOT) != 0) knote = Knote{};
    if ((flags & (EV_DISPATCH | EV_ONESHOT)) != 0) sync(fd, watch);
  };
  const bool write_only = writable && watch.write_first && room.size() == 1;
  if (readable && !write_only) emit(watch.read, EVFILT_READ, read_end, readable_bytes(fd));
  if (writable && count < room.size()) {
    emit(watch.write, EVFILT_WRITE, broken, writable_bytes(fd));
  }
  return count;
}

int to_milliseconds(const timespec* timeout) {
  if (timeout == nullptr) return -1;
  const std::int64_t milliseconds =
      std::int64_t{timeout->tv_sec} * 1000 + (timeout->tv_nsec + 999'999) / 1'000'000;
  return static_cast<int>(std::clamp<std::int64_t>(milliseconds, 0, INT_MAX));
}

// Returns how many, or -1 with errno.
int Queue::wait(std::span<struct kevent> events, const timespec* timeout) {
  // Each epoll event may become two kevents. Taking only as many as surely fit keeps epoll's
  // rotation of what is ready, so that nothing starves behind the end of `events`.
  constexpr std::size_t kMost = 512;
  std::array<epoll_event, kMost> raw;
  const std::size_t wanted = std::clamp<std::size_t>(events.size() / 2, 1, kMost);
  const int count =
      ::epoll_wait(epoll_, raw.data(), static_cast<int>(wanted), to_milliseconds(timeout));
  if (count < 0) return -1;
  const std::lock_guard lock(mutex_);
  std::size_t filled = 0;
  for (const epoll_event& event : std::span(raw).first(static_cast<std::size_t>(count))) {
    filled += report(event, events.subspan(filled));
  }
  return static_cast<int>(filled);
}

std::mutex table_mutex;

// Never destroyed: a queue may be in use while the program ends.
std::map<int, std::shared_ptr<Queue>>& table() {
  static auto* queues = new std::map<int, std::shared_ptr<Queue>>;
  return *queues;
}

std::shared_ptr<Queue> find_queue(int fd) {
  const std::lock_guard lock(table_mutex);
  const auto found = table().find(fd);
  return found == table().end() ? nullptr : found->second;
}

}  // namespace

int kqueue() {
  const int epoll = ::epoll_create1(0);
  if (epoll < 0) return -1;
  const std::lock_guard lock(table_mutex);
  table()[epoll] = std::make_shared<Queue>(epoll);
  return epoll;
}

int kevent(int queue_fd, const struct kevent* changes, int change_count, struct kevent* events,
           int event_count, const timespec* timeout) {
  const auto queue = find_queue(queue_fd);
  if (queue == nullptr) {
    errno = EBADF;
    return -1;
  }
  const std::span<struct kevent> room(events, static_cast<std::size_t>(event_count));
  std::size_t receipts = 0;
  for (const auto& change : std::span(changes, static_cast<std::size_t>(change_count))) {
    const int error = queue->change(change);
    if (error == 0 && (change.flags & EV_RECEIPT) == 0) continue;
    if (receipts == room.size()) {
      if (error == 0) continue;
      errno = error;
      return -1;
    }
    room[receipts] = change;
    room[receipts].flags = EV_ERROR;
    room[receipts].data = error;
    ++receipts;
  }
  if (receipts > 0) return static_cast<int>(receipts);
  return room.empty() ? 0 : queue->wait(room, timeout);
}
