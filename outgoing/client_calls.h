// Calls of handlers to other servers (CallContext::call), through a pool of the client's
// connections (clients/pool/channel_pool.h). Servers and clients know nothing of each other; here
// they meet.
#pragma once

#include <memory>

#include "appd/clients/pool/channel_pool.h"
#include "appd/handlers/waiting/call_services.h"

namespace appd::outgoing {

// One a loop; the loop's thread only.
class ClientCalls final : public handlers::OutgoingCalls {
 public:
  // `loop` outlives it, and so does `runner`, which looks names up; null: names are not looked up.
  ClientCalls(reactor::EventLoop& loop, reactor::JobRunner* runner,
              const clients::CallLimits& limits)
      : loop_(loop), pool_(loop, runner, limits) {}

  // Errors besides those of the interface: invalid_argument for an address that is not of app, and
  // a request that cannot be sent.
  [[nodiscard]] std::unique_ptr<handlers::Wait> start(const protocol::Address& server,
                                                      handlers::CallRequest request,
                                                      const handlers::CallTerms& terms,
                                                      Done done) override;

  // Connections that are open or being opened.
  [[nodiscard]] std::size_t channel_count() const { return pool_.channel_count(); }

 private:
  reactor::EventLoop& loop_;
  clients::ChannelPool pool_;
};

// What a reply is to the handler: its content, JSON as UTF-8, or the error that it tells. An error
// without a status that we know is `internal`.
[[nodiscard]] handlers::Result<handlers::CallReply> to_call_result(const clients::Reply& reply);

}  // namespace appd::outgoing
