// The kqueue backend on any system: where the system's own poller is another one, kqueue(2) comes
// from the shim over epoll or from libkqueue.
#pragma once

#include "appd/reactor/backend.h"

namespace appd::testing {

[[nodiscard]] reactor::Result<reactor::Backend> kqueue_backend();

// libkqueue falls short of the system calls in two ways that its callers see: it reads SO_ERROR,
// which tells a reason once, and with room for one event it never comes to a descriptor's second.
[[nodiscard]] bool kqueue_is_libkqueue();

}  // namespace appd::testing
