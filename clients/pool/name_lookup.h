// A server's address to endpoints without holding up a loop: a name is looked up in the pool.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "appd/protocol/address.h"
#include "appd/reactor/event_loop.h"
#include "appd/reactor/threads/job_runner.h"

namespace appd::clients {

using Endpoints = std::vector<reactor::Endpoint>;

// Of an address that is a path or a number; nullopt: it has a name. Errors: the path's.
[[nodiscard]] std::optional<reactor::Result<Endpoints>> known_endpoints(
    const protocol::Address& server);

// A look-up that is under way; destroying it gives it up. The loop's thread only.
class NameLookup {
 public:
  using Done = std::function<void(reactor::Result<Endpoints>)>;

  // `done` is called once, on the loop's thread, never from within; it may destroy the look-up.
  // `pool` may be null. Errors: overloaded, the pool takes no more.
  [[nodiscard]] static reactor::Result<std::unique_ptr<NameLookup>> start(
      reactor::EventLoop& loop, reactor::JobRunner* pool, const protocol::Address& server,
      Done done);
  ~NameLookup();
  NameLookup(const NameLookup&) = delete;
  NameLookup& operator=(const NameLookup&) = delete;

 private:
  struct Shared;
  class LookupJob;
  explicit NameLookup(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}

  std::shared_ptr<Shared> shared_;  // with the job, which may outlive the loop
};

}  // namespace appd::clients
