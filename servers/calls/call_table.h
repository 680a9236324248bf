// The calls of a loop that wait, by name, and what they need from their server.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "appd/handlers/registry.h"
#include "appd/handlers/waiting/call_services.h"
#include "appd/handlers/waiting/running_call.h"
#include "appd/reactor/event_loop.h"
#include "appd/reactor/memory/buffer_budget.h"
#include "appd/servers/calls/call_limit.h"
#include "appd/servers/calls/call_mailbox.h"
#include "appd/servers/job_runner.h"
#include "appd/servers/metrics.h"

namespace appd::servers {

class PendingCall;

// What the calls of all loops of a server share.
struct CallResources {
  JobRunner* pool;  // null: nothing can run outside of the loops
  CallLimit& limit;
  std::shared_ptr<reactor::BufferBudget> budget;
  std::size_t max_nesting;  // of what is decoded in the pool
};

// One a loop; outlives the calls. The loop's thread only.
class CallTable final : private CallEventSink {
 public:
  CallTable(reactor::EventLoop& loop, Metrics& metrics, handlers::RunningCall& running,
            CallResources resources, std::unique_ptr<handlers::OutgoingCalls> outgoing);
  ~CallTable();
  CallTable(const CallTable&) = delete;
  CallTable& operator=(const CallTable&) = delete;

  // From the next call on; calls keep the registry they were found in.
  void set_registry(std::shared_ptr<const handlers::Registry> registry) {
    registry_ = std::move(registry);
  }

  // A call's name, from which on events find it; none after reset().
  class Name {
   public:
    Name(CallTable& table, PendingCall& call) : table_(table), id_(table.add(call)) {}
    Name(const Name&) = delete;
    Name& operator=(const Name&) = delete;
    ~Name() { reset(); }
    [[nodiscard]] CallId id() const { return id_; }
    void reset() {
      if (std::exchange(named_, false)) table_.remove(id_);
    }

   private:
    CallTable& table_;
    const CallId id_;
    bool named_ = true;
  };

  [[nodiscard]] const std::shared_ptr<const handlers::Registry>& registry() const {
    return registry_;
  }
  [[nodiscard]] const std::shared_ptr<CallMailbox>& mailbox() const { return mailbox_; }
  [[nodiscard]] reactor::EventLoop& loop() { return loop_; }
  [[nodiscard]] Metrics& metrics() { return metrics_; }
  [[nodiscard]] handlers::RunningCall& running() { return running_; }
  [[nodiscard]] JobRunner* pool() { return resources_.pool; }
  [[nodiscard]] const CallResources& resources() { return resources_; }
  // Null: there are none, or no more.
  [[nodiscard]] handlers::OutgoingCalls* outgoing() { return outgoing_.get(); }
  // Closes the connections to other servers. When the last call is gone.
  void end_outgoing() { outgoing_.reset(); }

 private:
  [[nodiscard]] CallId add(PendingCall& call);
  void remove(CallId id);

  struct Place {
    PendingCall* call = nullptr;
    std::uint32_t generation = 0;
  };

  void on_call_event(CallEvent event) override;
  [[nodiscard]] PendingCall* find(CallId id) const;
  void deliver(PendingCall& call, CallEvent event);

  reactor::EventLoop& loop_;
  Metrics& metrics_;
  handlers::RunningCall& running_;
  const CallResources resources_;
  std::unique_ptr<handlers::OutgoingCalls> outgoing_;
  std::shared_ptr<const handlers::Registry> registry_;
  std::shared_ptr<CallMailbox> mailbox_;
  std::vector<Place> places_;
  std::vector<std::uint32_t> free_places_;
};

}  // namespace appd::servers
