// A simulated world: one clock, one seed, what is going to happen, and who lives in it. Hosts
// (host.h) have descriptors and a network, wires (wire.h) connect them, pollers (poller.h) tell
// their loops what is ready. Nothing in it blocks, asks the system or knows the real time.
//
// Two ways to move time:
//   kByDriver   step(): a turn of somebody who has something to do, else on to the next event
//   kByPollers  a wait() with nothing to report moves it, as a system's would: for contract tests
//
// One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "appd/reactor/clock.h"
#include "appd/reactor/sim/faults.h"
#include "appd/reactor/sim/random.h"
#include "appd/reactor/sim/trace.h"

namespace appd::reactor::sim {

class SimListener;
class Wire;

// Somebody who takes turns: a loop, or a peer that a test wrote.
class Actor {
 public:
  // Has something to do now.
  [[nodiscard]] virtual bool due() const = 0;
  // When it will have, if nothing happens before; nullopt: never.
  [[nodiscard]] virtual std::optional<TimePoint> wakes_at() const = 0;
  virtual void turn() = 0;

 protected:
  ~Actor() = default;
};

// How things travel between hosts, and between the ends of a wire.
struct Ways {
  // What bytes take; a connect, which has less to carry, at most half of the longer.
  std::chrono::microseconds shortest{20};
  std::chrono::microseconds longest{2'000};
  std::chrono::microseconds delay{400'000};  // Faults::delayed_delivery adds less than this
  bool cuts = true;  // what is written arrives in two pieces often, so that any length is cut
};
// Everything arrives as it was sent, in the moment when it was sent.
inline constexpr Ways kDirectWays{.shortest = std::chrono::microseconds(0),
                                  .longest = std::chrono::microseconds(0),
                                  .cuts = false};

class World {
 public:
  enum class Driving : std::uint8_t { kByDriver, kByPollers };

  explicit World(std::uint64_t seed, Driving driving = Driving::kByDriver);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  [[nodiscard]] const Clock& clock() const { return clock_; }
  [[nodiscard]] TimePoint now() const { return clock_.now(); }
  [[nodiscard]] Random& random() { return random_; }
  // Both ends included.
  [[nodiscard]] std::chrono::microseconds random_time(std::chrono::microseconds low,
                                                      std::chrono::microseconds high) {
    return low + std::chrono::microseconds(
                     random_.below(static_cast<std::uint64_t>((high - low).count()) + 1));
  }
  [[nodiscard]] Trace& trace() { return trace_; }
  void note(std::string_view what, std::uint64_t a = 0, std::uint64_t b = 0) {
    trace_.note(now(), what, a, b);
  }
  // Chances from now on, and what travels from now on.
  Faults faults;
  Ways ways;

  // Events of equal time happen in the order of these calls; where ways take no time, what is due
  // now happens within the call.
  void at(TimePoint when, std::function<void()> event);
  void after(Duration delay, std::function<void()> event) { at(now() + delay, std::move(event)); }

  // Until remove(). The order of adding is part of the world.
  void add(Actor& actor) { actors_.push_back(&actor); }
  void remove(Actor& actor);

  // What is due happens, then one actor takes a turn; or time goes on to what comes next. false:
  // nothing happens any more until `limit`, and it is that time now; ever, where there is none.
  bool step(TimePoint limit = TimePoint::max());
  // On to the next event, at most to `limit`. false: there was none before it.
  bool advance_to_next_event(TimePoint limit);
  [[nodiscard]] bool has_events() const { return !events_.empty(); }
  // What was to come will not: for a world that ends in the middle, with its events' owners gone.
  void forget_events() { std::exchange(events_, {}); }
  [[nodiscard]] bool moved_by_pollers() const { return driving_ == Driving::kByPollers; }

  // An invariant is broken: kept, the first one counts.
  void violate(std::string what);
  [[nodiscard]] const std::optional<std::string>& violation() const { return violation_; }

  // Time that was jumped over so far: limits of time may be exceeded by so much.
  [[nodiscard]] Duration jumped() const { return jumped_; }

  // The allocation that comes next, of a session's size, is to fail. Set by a host whose faults say
  // so; who replaces operator new takes it, and the end of the turn clears it.
  [[nodiscard]] bool take_refused_allocation();
  void refuse_allocation() { refuse_allocation_ = true; }
  // The same for a buffer that grows: who replaces realloc takes it. Memory is asked for in the
  // name of the wire that was accepted, read or written last in this turn.
  void serve(std::shared_ptr<Wire> wire) { served_ = std::move(wire); }
  [[nodiscard]] bool take_refused_growth();
  // One was refused a moment ago: a connection that ends now may have been hit.
  [[nodiscard]] bool refused_growth_lately() const;

  // What a host is called: look_up() of `name` finds `address`, a number.
  void name_host(std::string name, std::string address) {
    names_[std::move(name)] = std::move(address);
  }
  // nullptr: nobody is called so.
  [[nodiscard]] const std::string* find_host(const std::string& name) const;

  // For hosts and wires: listeners, and a number for each new wire or descriptor's owner.
  [[nodiscard]] std::vector<SimListener*>& listeners() { return listeners_; }
  [[nodiscard]] std::uint64_t next_serial() { return ++last_serial_; }
  // Every wire that was accepted, for a look by invariants; in the order of accepting.
  [[nodiscard]] std::vector<std::shared_ptr<Wire>>& accepted() { return accepted_; }

 private:
  class WorldClock final : public Clock {
   public:
    [[nodiscard]] TimePoint now() const override { return now_; }
    // Not at zero: a time nobody has set must not look like now.
    TimePoint now_{std::chrono::hours(1)};
  };

  void run_due_events();
  void run_turn(Actor& actor);
  [[nodiscard]] Actor* choose_actor();
  void jump();

  const Driving driving_;
  WorldClock clock_;
  Random random_;
  Trace trace_;
  std::map<std::pair<TimePoint, std::uint64_t>, std::function<void()>> events_;
  std::uint64_t next_event_ = 0;
  std::uint64_t last_serial_ = 0;
  std::vector<Actor*> actors_;
  std::vector<Actor*> due_;  // scratch
  std::map<std::string, std::string> names_;
  std::vector<SimListener*> listeners_;
  std::vector<std::shared_ptr<Wire>> accepted_;
  std::optional<std::string> violation_;
  Duration jumped_{};
  bool refuse_allocation_ = false;
  std::shared_ptr<Wire> served_;
  TimePoint last_refused_growth_{};
};

}  // namespace appd::reactor::sim
