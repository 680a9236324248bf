// The elements of a JSON array, one after the other, each a piece of the array's text.
//
//   JsonArray elements(array);
//   while (const auto element = elements.next()) use(*element);
//
// One pass over the whole array, without memory of its own. Not thread-safe.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "appd/protocol/text/json.h"

namespace appd::protocol {

class JsonArray {
 public:
  // `array` is of kind kArray (checked); its text outlives this object and what it gives.
  explicit JsonArray(JsonView array);

  // nullopt behind the last one. Nested values are stepped over without a look inside, however
  // deep.
  [[nodiscard]] std::optional<JsonView> next();

 private:
  std::string_view text_;
  std::size_t at_ = 1;  // behind the bracket, or the last element
};

}  // namespace appd::protocol
