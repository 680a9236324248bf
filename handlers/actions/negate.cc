#include <limits>

#include "appd/handlers/actions/builtin.h"
#include "appd/handlers/actions/fitting_result.h"
#include "appd/handlers/typed/typed.h"

namespace appd::handlers {

namespace {

std::optional<std::int64_t> negated(std::int64_t value) {
  if (value == std::numeric_limits<std::int64_t>::min()) return std::nullopt;
  return -value;
}

}  // namespace

Action make_negate(const BuiltinOptions&) {
  return make_action("negate",
                     [](std::int64_t value, const Request& request) {
                       return fitting_result(request, value, negated(value));
                     },
                     {.summary = "the negative of an integer",
                      .examples = {{"17", "-17"}},
                      .plain_refusals = true});
}

}  // namespace appd::handlers
