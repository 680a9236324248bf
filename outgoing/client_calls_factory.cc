#include "appd/outgoing/client_calls_factory.h"

#include "appd/outgoing/client_calls.h"

namespace appd::outgoing {

servers::OutgoingCallsFactory client_calls(const CallLimits& limits) {
  return [limits](reactor::EventLoop& loop, servers::JobRunner* pool) {
    return std::make_unique<ClientCalls>(loop, pool, limits);
  };
}

}  // namespace appd::outgoing
