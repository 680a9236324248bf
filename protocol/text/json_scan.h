// Inside the layer: the fast scanner. It says where the parts of a JSON text stand, in one pass and
// without memory of its own. Of a text that nobody has looked at it takes the usual kind and leaves
// the rest to RapidJSON (json.cc), which decides; of a valid one it finds everything.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "appd/protocol/text/json.h"

namespace appd::protocol::internal {

// The usual header and request: an object whose members are scalars, and their names not escaped,
// and of which there are less than kMemberBatch. `text` is valid UTF-8 of less than 4 GiB. Fills
// `members` and returns true only for a text that is valid JSON; false says nothing about it, and
// leaves anything in `members`.
[[nodiscard]] bool scan_flat_object(std::string_view text, std::vector<JsonMember>& members);

// What a valid text begins with, without white space: one value. What is within an array or object
// is stepped over, however deep.
[[nodiscard]] JsonElement scan_value(std::string_view text);

// Of a valid object: appends `most` members at most, from behind the value that ends at `at` on.
void scan_members(std::string_view text, std::size_t at, std::size_t most,
                  std::vector<JsonMember>& members);

}  // namespace appd::protocol::internal
