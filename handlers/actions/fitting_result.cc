#include "appd/handlers/actions/fitting_result.h"

namespace appd::handlers {

tl::unexpected<protocol::Error> no_fitting_result(const Request& request, std::int64_t argument) {
  const bool packed = request.form == Request::Form::kBinary;
  return protocol::fail(Status::kOutOfRange,
                        std::string(request.action) + " of " + std::to_string(argument) +
                            " does not fit an integer of " + (packed ? "32" : "64") + " bits");
}

}  // namespace appd::handlers
