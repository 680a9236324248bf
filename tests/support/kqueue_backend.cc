#include "tests/support/kqueue_backend.h"

#include <utility>

namespace appd::testing {

reactor::Result<reactor::Backend> kqueue_backend() {
  return reactor::make_kqueue_poller().map([](std::unique_ptr<reactor::Poller> poller) {
    return reactor::Backend{std::move(poller), &reactor::posix_network(), &reactor::steady_clock()};
  });
}

bool kqueue_is_libkqueue() { return APPD_LIBKQUEUE; }

}  // namespace appd::testing
