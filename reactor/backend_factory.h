// Who makes the backends of loops, for those who pass it on: without what a backend is (backend.h).
#pragma once

#include <functional>

#include "appd/reactor/result.h"

namespace appd::reactor {

struct Backend;

// Makes one backend a loop. Errors: the system's (EMFILE).
using BackendFactory = std::function<Result<Backend>()>;

// What this system has: epoll (backend_epoll.cc) or kqueue (backend_kqueue.cc); the build links
// one of the two files.
[[nodiscard]] Result<Backend> system_backend();

}  // namespace appd::reactor
