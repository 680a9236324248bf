// Numbers as people write them in options: byte sizes and times with a unit, rates, permissions in
// octal.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "appd/protocol/status.h"
#include "appd/reactor/clock.h"

namespace appd::options {

using protocol::Result;

// The longest time an option may say: far below what 64-bit nanoseconds hold.
inline constexpr reactor::Duration kMaxDuration = std::chrono::hours(24 * 365);

// How sizes and times are written, for the end of a help text.
inline constexpr std::string_view kQuantityHelp =
    "SIZE is bytes or has a unit (64KiB, 16MiB, 1GB); TIME is seconds or has a unit (500ms, 2m).\n";

// "4096", "64KiB", "16MiB", "1GiB", "2TiB"; decimal "kB", "MB", "GB", "TB"; fractions ("1.5MiB",
// rounded down to a byte). The case of a unit does not count; a space may stand before it.
// Errors: invalid_argument, saying what would be right; more than INT64_MAX bytes.
[[nodiscard]] Result<std::uint64_t> parse_byte_size(std::string_view text);
// In the largest binary unit that divides it: "16MiB", "1000". parse_byte_size() gives it back.
[[nodiscard]] std::string print_byte_size(std::uint64_t bytes);

// "10s", "500ms", "250us", "2m", "1h"; a plain number is seconds; fractions allowed ("1.5s",
// rounded down to a nanosecond). Errors: invalid_argument; negative, or over kMaxDuration.
[[nodiscard]] Result<reactor::Duration> parse_duration(std::string_view text);
// In the largest unit that divides it: "90s", "500ms". parse_duration() gives it back.
[[nodiscard]] std::string print_duration(reactor::Duration duration);

// A number from `least` to `most` as JSON has it: "1000", "0.5", "1e3". Errors: invalid_argument.
[[nodiscard]] Result<double> parse_decimal(std::string_view text, double least, double most);

// Permissions as chmod(1) takes them, octal up to 777: "0660", "660", "0o660". Errors:
// invalid_argument.
[[nodiscard]] Result<unsigned> parse_mode(std::string_view text);
// "0660".
[[nodiscard]] std::string print_mode(unsigned mode);

}  // namespace appd::options
