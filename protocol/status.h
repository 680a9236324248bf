// The codes that a reply's "status" field carries (docs/protocol.md, errors), as enum, as wire name
// and as std::error_code, so that protocol failures travel in reactor::Result like all others.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include "appd/reactor/result.h"

namespace appd::protocol {

using reactor::Error;
using reactor::Result;

enum class Status : std::uint8_t {
  kOk,
  kBadHeader,
  kContentTooLarge,
  kInvalidContent,
  kUnsupportedEncoding,
  kInvalidAction,
  kInvalidArgument,
  kOutOfRange,
  kDeadlineExceeded,
  kTimeout,
  kOverloaded,
  kShuttingDown,
  kUnavailable,
  kInternal,
};

// "ok", "bad_header", ...
[[nodiscard]] std::string_view status_name(Status status);
[[nodiscard]] std::optional<Status> status_from_name(std::string_view name);

// After a reply with this status the connection is closed, whatever was negotiated.
[[nodiscard]] constexpr bool closes_connection(Status status) {
  return status == Status::kBadHeader || status == Status::kContentTooLarge ||
         status == Status::kTimeout || status == Status::kOverloaded ||
         status == Status::kShuttingDown;
}

const std::error_category& status_category();
std::error_code make_error_code(Status status);
// The status of an error of this category; kInternal for any other error.
[[nodiscard]] Status status_of(const Error& error);

// `text` says what was wrong and what would be right, without "Error: ".
inline tl::unexpected<Error> fail(Status status, std::string text) {
  return reactor::fail(make_error_code(status), std::move(text));
}

}  // namespace appd::protocol

template <>
struct std::is_error_code_enum<appd::protocol::Status> : std::true_type {};
