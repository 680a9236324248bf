// The result of an action from one integer to one integer.
#pragma once

#include <cstdint>
#include <optional>

#include "appd/handlers/handler.h"

namespace appd::handlers {

// Says that there is no result of `argument` in the form of the request: out_of_range.
[[nodiscard]] tl::unexpected<protocol::Error> no_fitting_result(const Request& request,
                                                                std::int64_t argument);

// `result`, never wrapped. Errors: out_of_range, which names `argument`, where there is none
// (nullopt: it does not fit 64 bits) or the packed form of the request, 32 bits, cannot hold it.
[[nodiscard]] inline Result<std::int64_t> fitting_result(const Request& request,
                                                         std::int64_t argument,
                                                         std::optional<std::int64_t> result) {
  const bool packed = request.form == Request::Form::kBinary;
  if (result && (!packed || *result == static_cast<std::int32_t>(*result))) return *result;
  return no_fitting_result(request, argument);
}

}  // namespace appd::handlers
