// Calls of handlers to other servers (CallContext::call), by channels of the client. Servers and
// clients know nothing of each other; here they meet.
//
// Channels are kept by server and by depth of calls within calls. Replies come in the order of the
// requests, so a call waits for those that share its connection; as all of these have its depth,
// and wait for deeper ones at most, servers that call each other or themselves never wait in a
// circle.
#pragma once

#include <memory>
#include <vector>

#include "appd/outgoing/call_limits.h"
#include "appd/outgoing/server_channel.h"

namespace appd::outgoing {

// One a loop; the loop's thread only.
class ClientCalls final : public handlers::OutgoingCalls, private ServerChannelOwner {
 public:
  // `loop` outlives it, and so does `pool`, which looks names up; null: names are not looked up.
  ClientCalls(reactor::EventLoop& loop, servers::JobRunner* pool, const CallLimits& limits);
  // Closes all connections. No call is under way.
  ~ClientCalls() override;

  // Errors besides those of the interface: invalid_argument for an address that is not of app, and
  // a request that cannot be sent.
  [[nodiscard]] std::unique_ptr<handlers::Wait> start(const protocol::Address& server,
                                                      handlers::CallRequest request,
                                                      const handlers::CallTerms& terms,
                                                      Done done) override;

  // Connections that are open or being opened.
  [[nodiscard]] std::size_t channel_count() const { return channels_.size(); }

 private:
  // Sessions that were retired use it until the end of the turn, and so it is retired behind them.
  struct Sessions final : reactor::Retirable {
    explicit Sessions(std::uint64_t max_reply_bytes) : context(max_reply_bytes) {}
    clients::SessionContext context;
  };

  std::unique_ptr<ServerChannel> release(ServerChannel& channel) override;
  [[nodiscard]] handlers::Result<void> add(OutgoingCall& call, const protocol::Address& server,
                                           handlers::CallRequest request, int depth);
  // Null: there is none, and no place for a further one.
  [[nodiscard]] ServerChannel* channel_for(const protocol::Address& server, int depth);
  [[nodiscard]] bool make_room();

  const CallLimits limits_;
  std::unique_ptr<Sessions> sessions_;
  ChannelContext context_;
  std::vector<std::unique_ptr<ServerChannel>> channels_;
};

}  // namespace appd::outgoing
