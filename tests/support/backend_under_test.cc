#include "tests/support/backend_under_test.h"

#include <sys/socket.h>

namespace appd::testing {

void reset_socket(std::unique_ptr<reactor::Transport> transport) {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  REQUIRE(::setsockopt(transport->descriptor(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once) ==
          0);
}

}  // namespace appd::testing
