#include "appd/outgoing/client_calls_factory.h"

#include "appd/outgoing/client_calls.h"

namespace appd::outgoing {

servers::OutgoingCallsFactory client_calls(const CallLimits& limits) {
  return [limits](reactor::EventLoop& loop, reactor::JobRunner* runner) {
    return std::make_unique<ClientCalls>(loop, runner, limits);
  };
}

}  // namespace appd::outgoing
