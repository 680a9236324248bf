// Inside the layer: the fast scanner. It says where the parts of a JSON text stand, in one pass and
// without memory of its own. Of a text that nobody has looked at it takes the usual kind and leaves
// the rest to RapidJSON (json.cc), which decides; of a valid one it finds everything.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "appd/protocol/text/json.h"

namespace appd::protocol::internal {

// What the fast scanner steps into of a text that nobody has looked at: values of usual requests
// are no deeper.
inline constexpr std::size_t kMostScannedDepth = 4;

// The usual header and request: an object whose members' names are not escaped, of which there are
// less than kMemberBatch, with `depth` arrays and objects within one another in a value at most.
// `text` is valid UTF-8 of less than 4 GiB. Fills `members` and returns true only for a text that
// is valid JSON; false says nothing about it, and leaves anything in `members`.
[[nodiscard]] bool scan_object(std::string_view text, std::size_t depth,
                               std::vector<JsonMember>& members);

// The same of an array or object without white space around it. nullopt says nothing about `text`.
[[nodiscard]] std::optional<JsonElement> scan_nested(std::string_view text, std::size_t depth);

// What a valid text begins with, without white space: one value. What is within an array or object
// is stepped over, however deep.
[[nodiscard]] JsonElement scan_value(std::string_view text);

// Of a valid object or array: the next member or element from `at` on, a place behind the opening
// bracket or a value. False: there is none.
[[nodiscard]] bool scan_next(std::string_view object, std::size_t at, JsonMember& member);
[[nodiscard]] bool scan_next(std::string_view array, std::size_t at, JsonElement& element);

// Of a valid object: appends `most` members at most, from behind the value that ends at `at` on.
void scan_members(std::string_view text, std::size_t at, std::size_t most,
                  std::vector<JsonMember>& members);

}  // namespace appd::protocol::internal
