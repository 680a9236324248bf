// What the servers of the benchmark share: they listen on a port of the system's choice, on
// loopback, and tell it as appd does, so that scripts/bench can start any of them.
#pragma once

#include <cstdio>

namespace appd::bench {

inline void print_listening(unsigned port) {
  std::printf("listening on 127.0.0.1:%u\n", port);
  std::fflush(stdout);
}

}  // namespace appd::bench
