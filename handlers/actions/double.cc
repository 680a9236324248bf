#include <limits>

#include "appd/handlers/actions/builtin.h"
#include "appd/handlers/actions/fitting_result.h"
#include "appd/handlers/typed/typed.h"

namespace appd::handlers {

namespace {

std::optional<std::int64_t> doubled(std::int64_t value) {
  using Limits = std::numeric_limits<std::int64_t>;
  if (value > Limits::max() / 2 || value < Limits::min() / 2) return std::nullopt;
  return value * 2;
}

}  // namespace

Action make_double(const BuiltinOptions&) {
  return make_action("double",
                     [](std::int64_t value, const Request& request) {
                       return fitting_result(request, value, doubled(value));
                     },
                     {.summary = "twice an integer",
                      .examples = {{"7654321", "15308642"}},
                      .plain_refusals = true});
}

}  // namespace appd::handlers
