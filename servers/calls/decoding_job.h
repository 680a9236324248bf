// A request that is too large to be looked into on a loop: decoded in the worker pool, and answered
// there as well, unless its action waits.
#pragma once

#include <cstddef>
#include <memory>

#include "appd/handlers/waiting/owned_request.h"
#include "appd/reactor/event_loop.h"
#include "appd/reactor/memory/buffer_budget.h"
#include "appd/reactor/threads/job_runner.h"
#include "appd/servers/calls/call_handle.h"

namespace appd::servers {

// Contents above this. What one read takes in is handled where it lies; to decode the worst of so
// many bytes takes a loop a few milliseconds. What is larger was copied anyhow.
inline constexpr std::size_t kLargeContentBytes = reactor::EventLoop::kReadBufferBytes;
// What a job holds at most beside the request's content, counted in --max-buffered: in parts of it.
// A text is decoded to twice its bytes at most, and then there is a reply.
inline constexpr std::size_t kDecodingParts = 3;

class DecodingJob final : public reactor::Job {
 public:
  // `raw`: the whole content as its payload, whatever its type. The answer goes to the mailbox of
  // `handle`, as kAnswer, or kDecoded where its action waits.
  DecodingJob(std::shared_ptr<CallHandle> handle, handlers::OwnedRequest raw,
              std::size_t max_nesting, std::shared_ptr<reactor::BufferBudget> budget);

  void run() noexcept override;

 private:
  [[nodiscard]] CallEvent decode();

  const std::shared_ptr<CallHandle> handle_;  // keeps the registry, and so the action
  const handlers::OwnedRequest raw_;
  const std::size_t max_nesting_;
  const reactor::BudgetCharge charge_;
};

}  // namespace appd::servers
