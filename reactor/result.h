// The one error type of the project and the return type that carries it.
//
// Expected failures (a peer, the network, bad input) travel as Result<T>; start-up failures are
// exceptions up to main; bugs of ours are APPD_CHECK (check.h). Would-block and need-more are
// outcomes, never errors.
#pragma once

#include <string>
#include <system_error>
#include <tl/expected.hpp>
#include <utility>

namespace appd::reactor {

// `code` says what happened to a program (its category tells the domain: the system's errno,
// getaddrinfo, or the protocol's status), `message` says it to a person, without a full stop.
struct Error {
  std::error_code code;
  std::string message;
};

template <class T>
using Result = tl::expected<T, Error>;

inline tl::unexpected<Error> fail(std::error_code code, std::string message) {
  return tl::unexpected<Error>(Error{code, std::move(message)});
}

// For a failed system call: `errno_value` is errno read right behind the call, `context` names the
// call and its object ("bind 127.0.0.1:80"); the message becomes "CONTEXT: strerror text".
inline tl::unexpected<Error> system_failure(int errno_value, const std::string& context) {
  std::error_code code(errno_value, std::system_category());
  return fail(code, context + ": " + code.message());
}

}  // namespace appd::reactor
