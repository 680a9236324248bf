// Connections to servers, for many calls at a time: the loop face of the pool (client_pool.h is the
// one for threads), and what handlers call other servers through (outgoing/).
//
// Channels are kept by server and by depth of calls within calls; a call goes to the one with the
// fewest. Replies come in the order of the requests, so a call waits for those that share its
// connection; as all of these have its depth, and wait for deeper ones at most, servers that call
// each other or themselves never wait in a circle. The loop's thread only.
#pragma once

#include <memory>
#include <random>
#include <vector>

#include "appd/clients/pool/call_limits.h"
#include "appd/clients/pool/pooled_call.h"
#include "appd/clients/pool/retry_budget.h"
#include "appd/clients/pool/server_channel.h"

namespace appd::clients {

class ChannelPool final : private CallOwner, private ServerChannelOwner {
 public:
  // `loop` outlives it, and so does `runner`, which looks names up; null: names are not looked up.
  ChannelPool(reactor::EventLoop& loop, reactor::JobRunner* runner, const CallLimits& limits);
  // Closes all connections. No call is under way.
  ~ChannelPool();

  // A call of `server`, which speaks app; destroying it gives it up.
  [[nodiscard]] std::unique_ptr<PooledCall> start(const protocol::Address& server, Request request,
                                                  const CallPolicy& policy, PooledCall::Done done);

  // Connections that are open or being opened.
  [[nodiscard]] std::size_t channel_count() const { return channels_.size(); }
  [[nodiscard]] const CallLimits& limits() const { return limits_; }

 private:
  // Sessions that were retired use it until the end of the turn, and so it is retired behind them.
  struct Sessions final : reactor::Retirable {
    explicit Sessions(std::uint64_t max_reply_bytes) : context(max_reply_bytes) {}
    SessionContext context;
  };

  [[nodiscard]] protocol::Result<void> place(PooledCall& call) override;
  [[nodiscard]] bool spend_retry() override { return budget_.spend(); }
  void earn_retry() override { budget_.earn(); }
  [[nodiscard]] reactor::Duration pause_before(int tries) override;
  std::unique_ptr<ServerChannel> release(ServerChannel& channel) override;
  // Null: there is none, and no place for a further one.
  [[nodiscard]] ServerChannel* channel_for(const protocol::Address& server, int depth);
  [[nodiscard]] bool make_room();

  const CallLimits limits_;
  std::unique_ptr<Sessions> sessions_;
  ChannelContext context_;
  RetryBudget budget_;
  std::minstd_rand random_;  // so that clients which failed together do not come back together
  std::vector<std::unique_ptr<ServerChannel>> channels_;
};

}  // namespace appd::clients
