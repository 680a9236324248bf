// Knows of every call of a waiting world what its handler does: which frames live, where it waits,
// what ended it there. Strikes the cuts that the plans ask for exactly while a call waits, and
// violates the world where a handler was treated as its contract (handlers/waiting/call_context.h)
// forbids.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "appd/reactor/sim/wire.h"
#include "appd/reactor/sim/world.h"
#include "tests/sim/waiting/await_points.h"
#include "tests/sim/waiting/waiting_plan.h"

namespace appd::testing {

class WaitingProbe;

// What has happened to a client's connection.
struct PeerState {
  std::optional<Cut> cut;  // struck
  reactor::TimePoint cut_at{};
  std::shared_ptr<reactor::sim::Wire> wire;
};

struct WatchedCall;

// What a handler has said, as far as it goes.
enum class Said : std::uint8_t {
  kNothing,
  kAnswer,  // nothing can come before it any more
  kSent,    // an answer that is on its way to the loop: a deadline may overtake it
  kError,
};

// A call that waits, from its construction until over() or its destructor, which is its end at this
// place.
class Suspension {
 public:
  // `not_before`: when the wait may be over.
  Suspension(WaitingProbe& probe, WatchedCall& call, std::size_t step,
             reactor::TimePoint not_before);
  ~Suspension();
  Suspension(const Suspension&) = delete;
  Suspension& operator=(const Suspension&) = delete;
  void over();
  // Over with an error, perhaps early.
  void failed();
  // Ends it for this reason, which is known already.
  void end_by(Cut cut);

 private:
  friend class WaitingProbe;
  WaitingProbe& probe_;
  WatchedCall& call_;
  const AwaitPoint point_;
  const reactor::TimePoint not_before_;
  std::uint64_t id_ = 0;
  bool waits_ = true;
  bool saw_half_close_ = false;
  bool saw_drain_ = false;
  bool planned_ = false;  // its call's cut is to strike here
};

struct WatchedCall {
  const CallPlan* plan = nullptr;
  const PeerState* peer = nullptr;  // the client's
  std::uint64_t root = 0;           // the client's call that it belongs to
  std::optional<reactor::TimePoint> deadline;
  reactor::TimePoint begun_at{};
  bool begun = false;
  Said said = Said::kNothing;
  reactor::TimePoint said_at{};
  bool stopped = false;                // its stop token has fired before
  std::unique_ptr<Suspension> queued;  // AwaitPoint::kPool
};

class WaitingProbe {
 public:
  WaitingProbe(reactor::sim::World& world, WaitingPlans& plans) : world_(world), plans_(plans) {}

  // A coroutine's locals. done(): it is going to return by itself.
  class Frame {
   public:
    Frame(WaitingProbe& probe, const WatchedCall& call) : probe_(probe), call_(call) {
      ++probe_.frames_;
    }
    Frame(const Frame&) = delete;
    Frame& operator=(const Frame&) = delete;
    ~Frame();
    void done() { done_ = true; }

   private:
    WaitingProbe& probe_;
    const WatchedCall& call_;
    bool done_ = false;
  };

  // A client sends this call.
  void send(std::uint64_t number, const PeerState& peer);
  // A handler calls another action.
  void call(std::uint64_t number, const WatchedCall& parent);
  [[nodiscard]] WatchedCall& at(std::uint64_t number) { return calls_.at(number); }

  // What handlers do.
  WatchedCall& begin(std::uint64_t number, std::optional<reactor::TimePoint> deadline);
  void finish(WatchedCall& call, Said said);
  void stop(WatchedCall& call);
  // An answer that goes through the mailbox; `late`: although its call was stopped.
  void send_answer(bool late) {
    ++sent_;
    if (late) ++late_;
  }

  // What happens to all.
  void drain();
  [[nodiscard]] std::optional<reactor::TimePoint> drained_at() const { return drained_at_; }
  [[nodiscard]] bool behind_drain_timeout() const;
  void refuse_work() { work_refused_ = true; }
  [[nodiscard]] bool work_refused() const { return work_refused_; }
  // A client has ended its sending.
  void half_close(const PeerState& peer);
  // Does what a plan asks for to the client of `root`.
  std::function<void(Cut cut, std::uint64_t root)> strike;

  // Nothing will happen any more. `late`: what the server counted.
  void end(std::uint64_t late);
  [[nodiscard]] const Coverage& coverage() const { return coverage_; }
  [[nodiscard]] std::uint64_t begun() const { return begun_; }

 private:
  friend class Suspension;
  void enter(Suspension& wait);
  void leave(Suspension& wait);
  void count_survival(const Suspension& wait);
  void count_end(const Suspension& wait);
  [[nodiscard]] std::optional<Cut> reason_to_end(const WatchedCall& call);
  // Its deadline should have ended it.
  [[nodiscard]] bool overdue(const WatchedCall& call) const;
  void violate(std::string_view what, const WatchedCall& call);

  reactor::sim::World& world_;
  WaitingPlans& plans_;
  std::map<std::uint64_t, Suspension*> waiting_;
  std::map<std::uint64_t, WatchedCall> calls_;  // some of them hold a suspension
  std::uint64_t next_id_ = 0;
  std::int64_t frames_ = 0;
  std::uint64_t begun_ = 0;
  std::uint64_t sent_ = 0;  // answers
  std::uint64_t late_ = 0;
  std::optional<reactor::TimePoint> drained_at_;
  bool work_refused_ = false;
  bool ended_ = false;
  Coverage coverage_;
};

}  // namespace appd::testing
