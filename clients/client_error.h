// What can become of a call, as std::error_code: so that the failures of a client travel in
// reactor::Result like all others, and a program can tell them apart.
#pragma once

#include <cstdint>
#include <string>
#include <system_error>

#include "appd/reactor/result.h"

namespace appd::clients {

using reactor::Error;
using reactor::Result;

enum class ClientError : std::uint8_t {
  kInvalidRequest = 1,  // the caller's: it cannot be sent as it was asked for; nothing was sent
  kCannotConnect,       // no address of the server could be resolved or reached
  kTimeout,             // connecting or a reply took longer than allowed
  kProtocolBroken,      // the peer closed too early, or sent what is no reply
  kServerError,         // a whole reply, and it says that the call failed
};

const std::error_category& client_category();
std::error_code make_error_code(ClientError error);
// Of an error of this category; kProtocolBroken for any other.
[[nodiscard]] ClientError client_error_of(const Error& error);

// `text` says to a person what happened, without a full stop.
inline tl::unexpected<Error> fail(ClientError error, std::string text) {
  return reactor::fail(make_error_code(error), std::move(text));
}

}  // namespace appd::clients

template <>
struct std::is_error_code_enum<appd::clients::ClientError> : std::true_type {};
