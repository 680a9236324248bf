// The misfortunes of a simulated world, each by its name and with its chance in a million.
#pragma once

#include "appd/reactor/sim/random.h"

namespace appd::reactor::sim {

struct Faults {
  // Harmless by contract: nobody may notice.
  PerMillion short_read = 0;           // a read that gives less than there is
  PerMillion short_write = 0;          // a write that takes less than there is room for
  PerMillion would_block = 0;          // a read or write that finds nothing although it was ready
  PerMillion delayed_delivery = 0;     // bytes that are long on the way
  PerMillion delayed_accept = 0;       // a connection that the listener sees late
  PerMillion reordered_readiness = 0;  // a wait that reports in another order
  PerMillion spurious_wakeup = 0;      // a wait that returns, or reports, for nothing
  // Somebody is hurt, who knows it: World::misfortune().
  PerMillion reset = 0;               // of a delivery: the connection breaks there
  PerMillion connect_refused = 0;     // of a connect: nobody is there
  PerMillion accept_aborted = 0;      // of an accept: ECONNABORTED, the connection is gone
  PerMillion allocation_refused = 0;  // of an accept, a read, or a buffer that grows behind it
  PerMillion time_jump = 0;           // of a step: the machine sleeps for some seconds
  // Nobody is hurt, but somebody waits.
  PerMillion descriptors_exhausted = 0;  // of an accept: EMFILE, for a while
  PerMillion no_buffers = 0;             // of an accept: ENOBUFS
  // What peers do when they please.
  PerMillion half_close = 0;  // of a conversation: the peer ends its sending direction early
};

}  // namespace appd::reactor::sim
