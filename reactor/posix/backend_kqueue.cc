#include "appd/reactor/backend.h"

namespace appd::reactor {

Result<Backend> system_backend() {
  return make_kqueue_poller().map([](std::unique_ptr<Poller> poller) {
    return Backend{std::move(poller), &posix_network(), &steady_clock()};
  });
}

}  // namespace appd::reactor
