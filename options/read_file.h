// A whole file in memory, with a limit.
#pragma once

#include <cstddef>
#include <string>

#include "appd/reactor/result.h"

namespace appd::options {

// A regular file, or a device that never keeps its reader waiting, such as /dev/null: what is read
// at a start and at a reload must not depend on somebody who writes it (a FIFO), or does not.
// Blocks as long as the disk does. Errors: the system's ("read PATH: reason"); invalid_argument:
// another kind of file; file_too_large beyond `max_bytes`.
[[nodiscard]] reactor::Result<std::string> read_file(const std::string& path,
                                                     std::size_t max_bytes);

}  // namespace appd::options
