// The kqueue backend on any system: where the system's own poller is another one, kqueue(2) comes
// from the shim over epoll or from libkqueue.
#pragma once

#include "reactor/backend.h"

namespace appd::testing {

[[nodiscard]] reactor::Result<reactor::Backend> kqueue_backend();

}  // namespace appd::testing
