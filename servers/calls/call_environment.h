// What all calls of a loop share: their names, their mailbox, the registry, the pool, limits and
// counters.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "appd/handlers/registry.h"
#include "appd/handlers/waiting/call_services.h"
#include "appd/handlers/waiting/running_call.h"
#include "appd/reactor/event_loop.h"
#include "appd/reactor/memory/buffer_budget.h"
#include "appd/reactor/memory/generational_table.h"
#include "appd/reactor/threads/job_runner.h"
#include "appd/servers/calls/call_home.h"
#include "appd/servers/calls/call_limit.h"
#include "appd/servers/calls/call_mailbox.h"
#include "appd/servers/metrics.h"

namespace appd::servers {

class Call;

// One a loop; outlives its calls. The loop's thread only.
class CallEnvironment final {
 public:
  struct Parts {
    // The loop's own.
    reactor::EventLoop& loop;
    Metrics& metrics;
    handlers::RunningCall& running;
    std::shared_ptr<const handlers::Registry> registry;
    std::unique_ptr<handlers::OutgoingCalls> outgoing = {};  // null: such calls fail
    // All loops'.
    reactor::JobRunner* pool = nullptr;  // null: nothing can run outside of the loops
    CallLimit& limit;
    std::shared_ptr<reactor::BufferBudget> budget;
    std::size_t max_nesting;  // of what is decoded in the pool
  };

  explicit CallEnvironment(Parts parts);
  ~CallEnvironment();
  CallEnvironment(const CallEnvironment&) = delete;
  CallEnvironment& operator=(const CallEnvironment&) = delete;

  // From the next call on; calls keep the registry they were found in.
  void set_registry(std::shared_ptr<const handlers::Registry> registry);
  // Closes the connections to other servers. When the last call is gone.
  void end_outgoing() { parts_.outgoing.reset(); }

  [[nodiscard]] const Parts& parts() const { return parts_; }
  [[nodiscard]] reactor::EventLoop& loop() const { return parts_.loop; }
  // Of the calls from now on.
  [[nodiscard]] const std::shared_ptr<const CallHome>& home() const { return home_; }
  void count(Counter counter) { parts_.metrics.add(counter); }
  // Whether the pool took `job`; if not, that is counted.
  [[nodiscard]] bool submit(std::unique_ptr<reactor::Job> job);

  // A call's name, from which on events find it; none after reset().
  class Name {
   public:
    Name(CallEnvironment& environment, Call& call)
        : environment_(environment), id_(environment.add(call)) {}
    Name(const Name&) = delete;
    Name& operator=(const Name&) = delete;
    ~Name() { reset(); }
    [[nodiscard]] CallId id() const { return id_; }
    void reset() {
      if (std::exchange(named_, false)) environment_.calls_.release(id_.index);
    }

   private:
    CallEnvironment& environment_;
    const CallId id_;
    bool named_ = true;
  };

  // Of the mailbox.
  void on_event(CallEvent event);

 private:
  struct Named {
    Call* call = nullptr;
    std::uint32_t generation = 0;
  };

  [[nodiscard]] CallId add(Call& call);
  // Null: it is gone.
  [[nodiscard]] Call* find(CallId id);

  Parts parts_;
  reactor::GenerationalTable<Named> calls_;
  const std::shared_ptr<CallMailbox> mailbox_;
  std::shared_ptr<const CallHome> home_;
};

}  // namespace appd::servers
