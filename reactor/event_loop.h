// The reactor: one thread that waits for readiness and time, and calls back.
//
// A turn: wait - read the clock - readiness - due timers, who follows them - posted functions - who
// waits for its end - destroy what was retired. Nothing dies inside its own callback: owners hand
// finished objects to retire(). The loop's own thread only, except post(), stop() and wake().
#pragma once

#include <atomic>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "appd/reactor/backend.h"
#include "appd/reactor/memory/block_store.h"
#include "appd/reactor/memory/buffer.h"
#include "appd/reactor/memory/generational_table.h"
#include "appd/reactor/memory/retirable.h"
#include "appd/reactor/timer_queue.h"
#include "appd/reactor/turn_end.h"

namespace appd::reactor {

class EventLoop;

struct Ready {
  bool readable = false;
  bool writable = false;
};

// Receives readiness; not owned by the loop, and outlives its Registration. A timer as well
// (EventLoop::timers()), because who waits for a descriptor does not wait for ever.
class EventSink : public TimerSink {
 public:
  virtual void on_ready(Ready ready) = 0;

 protected:
  ~EventSink() = default;

 private:
  void on_due() override {}
  [[nodiscard]] TimePoint due() const override { return TimePoint::max(); }
};

// Names a sink in its loop, where no Registration does.
using Slot = std::uint32_t;

// A sink in a loop, for one descriptor: its destructor deregisters, and an event that was already
// reported for it is dropped (its token's generation no longer counts).
class Registration {
 public:
  Registration() = default;
  Registration(Registration&& other) noexcept;
  Registration& operator=(Registration&& other) noexcept;
  ~Registration() { reset(); }

  [[nodiscard]] bool valid() const { return loop_ != nullptr; }
  [[nodiscard]] Interest interest() const;
  // Costs a system call only when it changes something. Errors: Poller::add.
  [[nodiscard]] Result<void> set_interest(Interest interest);
  // on_ready({readable}) in the next turn, for input that waits in memory. Several calls are one.
  void schedule();
  // Deregisters; before the descriptor is closed.
  void reset();

 private:
  friend class EventLoop;
  Registration(EventLoop& loop, Descriptor fd, Slot slot) : loop_(&loop), fd_(fd), slot_(slot) {}

  EventLoop* loop_ = nullptr;
  Descriptor fd_ = kNoDescriptor;
  Slot slot_ = 0;
};

class EventLoop {
 public:
  // Bytes that one read takes in at most, a connection's budget a turn: 32 pipelined requests, or a
  // message of 64 KiB, are one read; and the second-level cache has room for them and the replies.
  static constexpr std::size_t kReadBufferBytes = 128 * 1024;
  static constexpr std::size_t kEventsPerTurn = 256;  // readiness, taken from the poller at once
  static constexpr std::size_t kMaxPosted = 1 << 20;  // functions that wait in post() at most

  explicit EventLoop(Backend backend);
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;
  // Checks that no registration or timer is left; destroys what was retired or posted.
  ~EventLoop();

  // Turns until stop(). A stop() before run() counts.
  void run();
  // One turn that waits at most `max_wait` (nullopt: until something happens).
  void run_once(std::optional<Duration> max_wait = std::nullopt);
  // Any thread, and from signal handlers: run() returns at the end of the turn; wake() begins one.
  void stop();
  void wake() { backend_.poller->wake(); }

  // The time of this turn; refresh_now() before the first and after a long pause between turns.
  // measured_now() reads the clock each time: for telling how long it took.
  [[nodiscard]] TimePoint now() const { return now_; }
  [[nodiscard]] TimePoint measured_now() const { return backend_.clock->now(); }
  void refresh_now() { now_ = measured_now(); }

  [[nodiscard]] TimerQueue& timers() { return timers_; }
  [[nodiscard]] TurnEndList& turn_end() { return turn_end_; }
  [[nodiscard]] TurnEndList& after_timers() { return after_timers_; }  // of this turn or the next
  [[nodiscard]] Network& network() { return *backend_.network; }

  // Registers `sink`, with no interest yet (no system call).
  [[nodiscard]] Registration watch(Descriptor fd, EventSink& sink);
  // A Registration of 4 bytes: given back before `fd`, the same in all calls, is closed.
  [[nodiscard]] Slot take_slot(EventSink& sink);
  void give_back(Slot slot, Descriptor fd);
  [[nodiscard]] Interest interest(Slot slot) const { return watches_[slot].interest; }
  [[nodiscard]] Result<void> set_interest(Slot slot, Descriptor fd, Interest interest);
  void schedule(Slot slot);  // throws std::bad_alloc, and then nothing is scheduled

  // Runs `function` once on the loop's thread, in the order of posting. Any thread. false: refused,
  // the queue is full. What is still queued when the loop is destroyed is destroyed without a run.
  template <std::invocable Function>
  [[nodiscard]] bool post(Function&& function) {
    return enqueue(
        std::make_unique<PostedFunction<std::decay_t<Function>>>(std::forward<Function>(function)));
  }

  // Destroys `object` at the end of this turn (outside: of the next), in the order of these calls.
  // Throws std::bad_alloc; then the object, which may be in a callback, lives on.
  void retire(std::unique_ptr<Retirable, Retirable::Disposer> object);
  void retire(std::unique_ptr<Retirable> object) {
    retire(std::unique_ptr<Retirable, Retirable::Disposer>(object.release()));
  }
  // At once: for who goes before the loop does. Not within a turn.
  void destroy_retired();

  // Memory that connections of this loop share: one connection's at a time, to release_buffers()
  // within one callback. false: somebody else's callback, from within which this one came, has it.
  [[nodiscard]] bool claim_buffers() { return !std::exchange(buffers_claimed_, true); }
  void release_buffers() { buffers_claimed_ = false; }
  [[nodiscard]] bool buffers_claimed() const { return buffers_claimed_; }
  [[nodiscard]] std::span<std::byte> read_buffer() {
    return {read_buffer_.get(), kReadBufferBytes};
  }
  // Replies of one readiness callback collect here and leave with one write.
  [[nodiscard]] Buffer& output_buffer() { return output_buffer_; }

 private:
  class Posted {
   public:
    virtual ~Posted() = default;
    virtual void run() = 0;
  };
  template <class Function>
  class PostedFunction final : public Posted {
   public:
    explicit PostedFunction(Function function) : function_(std::move(function)) {}
    void run() override { function_(); }

   private:
    Function function_;
  };

  struct Watch {
    EventSink* sink = nullptr;  // null: the slot is free
    std::uint32_t generation = 0;
    Interest interest = Interest::kNone;
    bool scheduled = false;
  };

  [[nodiscard]] bool enqueue(std::unique_ptr<Posted> posted);
  [[nodiscard]] std::optional<Duration> time_to_wait(std::optional<Duration> max_wait) const;
  void dispatch(Token token, Ready ready);
  void dispatch_scheduled();
  void run_posted();

  Backend backend_;
  TimePoint now_;
  TimerQueue timers_;
  GenerationalTable<Watch> watches_;
  std::vector<Token> scheduled_;
  std::vector<Token> scheduled_now_;  // the turn's own, kept for its memory
  std::vector<ReadyEvent> events_;
  std::vector<std::unique_ptr<Retirable, Retirable::Disposer>> retired_;
  TurnEndList after_timers_;
  TurnEndList turn_end_;
  std::unique_ptr<std::byte[]> read_buffer_;
  Buffer output_buffer_;
  bool buffers_claimed_ = false;
  BlockStore blocks_;
  std::atomic<bool> stopping_ = false;
  std::mutex posted_mutex_;
  std::vector<std::unique_ptr<Posted>> posted_;      // guarded by posted_mutex_
  std::atomic<bool> has_posted_ = false;             // set under the mutex, read without
  std::vector<std::unique_ptr<Posted>> posted_now_;  // the turn's own, kept for its memory
};

}  // namespace appd::reactor
