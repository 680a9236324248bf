// What a loop has counted since its start. Written by the loop's thread alone, read by any.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "appd/reactor/memory/cache_line.h"

namespace appd::servers {

// One a limit of the protocol's section 5 among them: each shows how often it was reached.
enum class Counter : std::uint8_t {
  kAccepted,          // connections
  kClosed,            // connections
  kRequests,          // messages of app and message-echo that were complete
  kErrorReplies,      // whatever their status
  kContentTooLarge,   // --max-content
  kConnectionLimit,   // --max-connections: times that accepting stopped
  kPeerLimit,         // --max-connections-per-peer: connections refused
  kHeaderTimeout,     // --header-timeout
  kRequestTimeout,    // --request-timeout
  kIdleTimeout,       // --idle-timeout
  kWriteTimeout,      // --write-timeout
  kWatermark,         // --write-high-watermark: times that a session stopped reading
  kBudget,            // --max-buffered: times that a session stopped reading
  kAcceptExhausted,   // no descriptor or memory for accept
  kInternalErrors,    // handlers that failed
  kDeadlineExceeded,  // calls past their deadline, begun or not
  kCallsBegun,        // of actions that wait or run in the pool
  kCallsAnswered,     // these, by their action
  kCallsDropped,      // calls that nobody waited for any more: deadline or disconnection
  kLateAnswers,       // answers to calls that were dropped
  kWorkDropped,       // work for the pool that nobody wanted any more when its turn came
  kPoolFull,          // --pool-queue: calls and offloads refused
  kCallLimit,         // --max-calls: calls refused
  kPendingLimit,      // --max-pending-calls: times that a session stopped reading
  kDrained,           // connections that ended in order while draining
  kCut,               // connections that --drain-timeout ended
  kCount,
};

// "accepted", "content_too_large", ...
[[nodiscard]] std::string_view counter_name(Counter counter);

class alignas(reactor::kCacheLineBytes) Metrics {
 public:
  void add(Counter counter) {
    auto& value = values_[static_cast<std::size_t>(counter)];
    // One writer: no locked instruction is needed.
    value.store(value.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }
  [[nodiscard]] std::uint64_t get(Counter counter) const {
    return values_[static_cast<std::size_t>(counter)].load(std::memory_order_relaxed);
  }

 private:
  std::array<std::atomic<std::uint64_t>, static_cast<std::size_t>(Counter::kCount)> values_{};
};

}  // namespace appd::servers
