// Actions from one integer to one integer, as JSON (64 bits) and packed (32 bits, network order).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "appd/handlers/handler.h"

namespace appd::handlers {

// nullopt: the result does not fit 64 bits.
using IntegerFunction = std::optional<std::int64_t> (*)(std::int64_t);

// The packed reply is `result` and the integer. A result that does not fit the form of the request
// is out_of_range, never wrapped. `name` has kPackedNameBytes.
[[nodiscard]] Action make_integer_action(std::string name, std::string summary,
                                         IntegerFunction function, std::vector<Example> examples);

}  // namespace appd::handlers
