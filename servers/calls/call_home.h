// What a call needs of its loop as long as anybody holds it, which may be longer than the server.
#pragma once

#include <memory>
#include <utility>

#include "appd/handlers/registry.h"
#include "appd/servers/calls/call_mailbox.h"

namespace appd::servers {

// Shared by all calls of one loop and one registry; does not change.
struct CallHome {
  CallHome(std::shared_ptr<CallMailbox> the_mailbox,
           std::shared_ptr<const handlers::Registry> the_registry)
      : mailbox(std::move(the_mailbox)), registry(std::move(the_registry)) {}

  const std::shared_ptr<CallMailbox> mailbox;
  const std::shared_ptr<const handlers::Registry> registry;  // holds the handlers that are called
};

}  // namespace appd::servers
