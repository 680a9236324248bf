// The poller of a loop in a simulated world, and the loop's place among those who take turns.
//
// wait() never blocks: with nothing to report it keeps what the loop asked for and returns, and the
// loop's turn is an empty one. The world goes on when all loops wait. In a world that pollers move,
// it moves time itself, and throws std::logic_error when it has no limit and nothing is to come.
#pragma once

#include <atomic>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "appd/reactor/event_loop.h"
#include "appd/reactor/poller.h"
#include "appd/reactor/sim/host.h"

namespace appd::reactor::sim {

class SimPoller final : public Poller {
 public:
  explicit SimPoller(Host& host) : host_(host) {}
  ~SimPoller() override;

  [[nodiscard]] Result<void> add(Descriptor fd, Interest interest, Token token) override;
  [[nodiscard]] Result<void> modify(Descriptor fd, Interest from, Interest to,
                                    Token token) override;
  void remove(Descriptor fd, Interest interest) override;
  [[nodiscard]] Result<std::size_t> wait(std::optional<Duration> timeout,
                                         std::span<ReadyEvent> events) override;
  void wake() override { woken_.store(true); }

  // Something is to be reported now, or the loop has not said yet that it waits.
  [[nodiscard]] bool due() const;
  // The end of the wait that the loop asked for last.
  [[nodiscard]] std::optional<TimePoint> wakes_at() const { return wakes_at_; }
  [[nodiscard]] bool idle() const { return idle_; }
  // Whether the last wait() reported this owner of a descriptor.
  [[nodiscard]] bool reported(std::uint64_t serial) const;
  [[nodiscard]] Host& host() { return host_; }

 private:
  struct Watch {
    Interest interest;
    Token token;
  };
  [[nodiscard]] ReadyEvent readiness(Descriptor fd, const Watch& watch) const;
  [[nodiscard]] std::size_t collect(std::span<ReadyEvent> events);
  void report_spurious(ReadyEvent& event, const Watch& watch);
  void shuffle(std::span<ReadyEvent> events);
  void rest(TimePoint limit);

  Host& host_;
  std::map<Descriptor, Watch> watches_;
  Descriptor last_reported_ = kNoDescriptor;  // the next wait begins behind it
  std::vector<std::uint64_t> reported_;
  std::optional<TimePoint> wakes_at_;
  bool idle_ = false;
  std::atomic<bool> woken_ = false;
};

// A loop that the world drives. The loop outlives it.
class LoopActor final : public Actor {
 public:
  // `poller` is the loop's own.
  LoopActor(EventLoop& loop, SimPoller& poller);
  ~LoopActor();
  LoopActor(const LoopActor&) = delete;
  LoopActor& operator=(const LoopActor&) = delete;

  [[nodiscard]] bool due() const override { return poller_.due(); }
  [[nodiscard]] std::optional<TimePoint> wakes_at() const override { return poller_.wakes_at(); }
  // Violates the world when the loop spins: turn after turn with events and nothing done.
  void turn() override;

 private:
  EventLoop& loop_;
  SimPoller& poller_;
  std::uint64_t progress_ = 0;
  int fruitless_turns_ = 0;
};

}  // namespace appd::reactor::sim
