// How an event becomes a line of the log (log.h has both formats). No I/O, reads no clock.
#pragma once

#include <chrono>
#include <span>
#include <string>
#include <string_view>

#include "appd/logging/log.h"

namespace appd::logging {

// Appends one line with its "\n" to `out`.
void append_log_line(std::string& out, LogFormat format, std::chrono::system_clock::time_point time,
                     Level level, std::string_view message, std::span<const Field> fields);

}  // namespace appd::logging
