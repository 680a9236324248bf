// Descriptors 0, 1 and 2 of this process. Start-up only, one thread.
#pragma once

#include "appd/reactor/descriptor_io.h"

namespace appd::servers {

using reactor::open_missing_standard_streams;

// All three become /dev/null.
void redirect_standard_streams_to_null();

}  // namespace appd::servers
