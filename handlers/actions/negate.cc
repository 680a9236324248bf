#include <limits>

#include "appd/handlers/actions/builtin.h"
#include "appd/handlers/actions/integer_action.h"

namespace appd::handlers {

namespace {

std::optional<std::int64_t> negated(std::int64_t value) {
  if (value == std::numeric_limits<std::int64_t>::min()) return std::nullopt;
  return -value;
}

}  // namespace

Action make_negate(const BuiltinOptions&) {
  return make_integer_action("negate", "the negative of an integer", negated, {{"17", "-17"}});
}

}  // namespace appd::handlers
