#include <limits>

#include "appd/handlers/actions/builtin.h"
#include "appd/handlers/actions/integer_action.h"

namespace appd::handlers {

namespace {

std::optional<std::int64_t> doubled(std::int64_t value) {
  using Limits = std::numeric_limits<std::int64_t>;
  if (value > Limits::max() / 2 || value < Limits::min() / 2) return std::nullopt;
  return value * 2;
}

}  // namespace

Action make_double(const BuiltinOptions&) {
  return make_integer_action("double", "twice an integer", doubled, {{"7654321", "15308642"}});
}

}  // namespace appd::handlers
