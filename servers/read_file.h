// A whole file in memory, with a limit.
#pragma once

#include <cstddef>
#include <string>

#include "reactor/result.h"

namespace appd::servers {

// Blocks: for start-up. Errors: the system's ("read PATH: reason"); file_too_large beyond
// `max_bytes`.
[[nodiscard]] reactor::Result<std::string> read_file(const std::string& path,
                                                     std::size_t max_bytes);

}  // namespace appd::servers
