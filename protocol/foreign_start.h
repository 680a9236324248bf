// What comes from somebody who speaks another protocol: the first bytes of a message's header tell
// that it cannot be one, long before all of it is there. A scanner, a TLS hello or an HTTP request
// announces, read as a prefix, kilobytes that never come.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace appd::protocol {

enum class HeaderStart : std::uint8_t {
  kUndecided,  // only white space is there so far
  kPossible,   // it begins as a JSON object does; or with so much white space that the parser
               // decides
  kForeign,    // it does not
};

// Of a message that begins with `input`, prefix included; decided by its first bytes alone,
// whatever is there behind them.
[[nodiscard]] HeaderStart header_start(std::span<const std::byte> input);

// The error text for kForeign: a function of the bytes that decided it.
[[nodiscard]] std::string foreign_start_text(std::span<const std::byte> input);

// "a TLS hello", "an HTTP request" ...; empty: nothing that is known here.
[[nodiscard]] std::string_view looks_like(std::span<const std::byte> input);

// For a log: printable ASCII as it is, every other byte as \xHH.
[[nodiscard]] std::string shown_bytes(std::span<const std::byte> bytes);

}  // namespace appd::protocol
