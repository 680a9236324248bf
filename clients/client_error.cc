#include "appd/clients/client_error.h"

namespace appd::clients {
namespace {

class ClientCategory final : public std::error_category {
 public:
  const char* name() const noexcept override { return "client"; }
  std::string message(int value) const override {
    switch (static_cast<ClientError>(value)) {
      case ClientError::kInvalidRequest:
        return "the request cannot be sent";
      case ClientError::kCannotConnect:
        return "cannot connect";
      case ClientError::kTimeout:
        return "timed out";
      case ClientError::kProtocolBroken:
        return "the peer broke the protocol";
      case ClientError::kServerError:
        return "the server answered an error";
    }
    return "unknown client error";
  }
};

}  // namespace

const std::error_category& client_category() {
  static const ClientCategory category;
  return category;
}

std::error_code make_error_code(ClientError error) {
  return {static_cast<int>(error), client_category()};
}

ClientError client_error_of(const Error& error) {
  if (error.code.category() != client_category()) return ClientError::kProtocolBroken;
  return static_cast<ClientError>(error.code.value());
}

}  // namespace appd::clients
