// Readiness of descriptors: the part of a loop's contract with the system that differs between
// epoll, kqueue and the simulated world. tests/contract runs the same cases over every sibling.
//
// The contract:
// - Level-triggered: as long as a descriptor is ready for an interest it was given, each wait()
//   reports it. Readiness is a hint: the read or write that follows may still find nothing
//   (spurious wake-ups happen), and must be non-blocking.
// - `readable` also stands for end of stream, `writable` also for a finished connect. An error or a
//   hang-up (EPOLLERR, EPOLLHUP, EV_EOF, EV_ERROR) shows as readiness for every interest that is
//   set (and may show for one that is not: epoll does not tell which are); the read or write that
//   follows tells what happened. Data that came before an end is readable before the end is (EV_EOF
//   with data pending is plain readability).
// - A descriptor with Interest::kNone is never reported, not even for an error.
// - A token travels unchanged. One wait() reports a descriptor at most once, with both of its
//   readinesses (unless `events` was full between the two). The caller may remove a descriptor
//   that the batch in its hands still names: the loop drops that by the token's generation.
// - Descriptors are removed before they are closed.
// - wait() returns early without events after wake(), after a signal (EINTR), or spuriously.
//   Timeouts are rounded up, never down: a timer that is due at the timeout is due on return.
//
// Threads: wake() from any thread and from signal handlers; everything else from one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "appd/reactor/clock.h"
#include "appd/reactor/posix/owned_fd.h"
#include "appd/reactor/result.h"

namespace appd::reactor {

enum class Interest : std::uint8_t { kNone = 0, kRead = 1, kWrite = 2, kReadWrite = 3 };

constexpr Interest operator|(Interest a, Interest b) {
  return static_cast<Interest>(static_cast<unsigned>(a) | static_cast<unsigned>(b));
}
constexpr bool includes(Interest all, Interest one) {
  return (static_cast<unsigned>(all) & static_cast<unsigned>(one)) != 0;
}

// Names a registration. The generation changes each time an index is given out again, so that an
// event for an earlier owner of the index is recognised. Index and generation UINT32_MAX together
// are the poller's own.
struct Token {
  std::uint32_t index = 0;
  std::uint32_t generation = 0;
  bool operator==(const Token&) const = default;
};

struct ReadyEvent {
  Token token;
  bool readable = false;
  bool writable = false;
};

class Poller {
 public:
  virtual ~Poller() = default;

  // Errors of add and modify: the system's (ENOMEM, ENOSPC: no more watches); nothing changes
  // then. modify() takes the interest and the token that the descriptor has, so that a backend
  // needs no table of its own.
  [[nodiscard]] virtual Result<void> add(Descriptor fd, Interest interest, Token token) = 0;
  [[nodiscard]] virtual Result<void> modify(Descriptor fd, Interest from, Interest to,
                                            Token token) = 0;
  virtual void remove(Descriptor fd, Interest interest) = 0;

  // Blocks up to `timeout` (nullopt: without limit; zero: not at all) and fills `events` from the
  // front. Returns how many. What did not fit is reported by the next call.
  // Errors: only such that no later call can succeed either.
  [[nodiscard]] virtual Result<std::size_t> wait(std::optional<Duration> timeout,
                                                 std::span<ReadyEvent> events) = 0;

  // Makes a wait() that is under way, or else the next one, return at once. Several calls may be
  // answered by one return. Async-signal-safe.
  virtual void wake() = 0;
};

// One source file each; a program links the ones its system has. Errors: the system's (EMFILE).
[[nodiscard]] Result<std::unique_ptr<Poller>> make_epoll_poller();
[[nodiscard]] Result<std::unique_ptr<Poller>> make_kqueue_poller();

}  // namespace appd::reactor
