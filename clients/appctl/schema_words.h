// A JSON Schema in words: "an array of strings".
#pragma once

#include <string>

#include "appd/protocol/text/json.h"

namespace appd::clients {

// `schema`: {} is "any JSON value"; what is more than a type, a range of integers, an array's items
// or a choice is its own JSON text.
[[nodiscard]] std::string schema_words(protocol::JsonView schema);

}  // namespace appd::clients
