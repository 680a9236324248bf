// How appctl ends (docs/appctl.md).
#pragma once

#include "appd/clients/client_error.h"

namespace appd::clients {

inline constexpr int kExitDone = 0;
inline constexpr int kExitServerError = 1;  // also: standard output cannot be written, no memory
inline constexpr int kExitUsage = 2;
inline constexpr int kExitCannotConnect = 3;
inline constexpr int kExitTimeout = 4;
inline constexpr int kExitProtocolBroken = 5;

[[nodiscard]] constexpr int exit_code_of(ClientError error) {
  switch (error) {
    case ClientError::kInvalidRequest:
      return kExitUsage;
    case ClientError::kCannotConnect:
      return kExitCannotConnect;
    case ClientError::kTimeout:
      return kExitTimeout;
    case ClientError::kServerError:
      return kExitServerError;
    case ClientError::kProtocolBroken:
      break;
  }
  return kExitProtocolBroken;
}

}  // namespace appd::clients
