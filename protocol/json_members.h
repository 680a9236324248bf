// Inside the layer: where the parts of a JSON text stand in it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "protocol/json.h"

namespace appd::protocol::internal {

// The usual header and request in one pass: an object whose members are scalars, and their names
// not escaped. `text` is valid UTF-8 of less than 4 GiB. Fills `members` and returns true only for
// a text that is valid JSON; false says nothing about it, and leaves anything in `members`.
[[nodiscard]] bool scan_flat_object(std::string_view text, std::vector<JsonMember>& members);

}  // namespace appd::protocol::internal
