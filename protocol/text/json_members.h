// The members of a JSON object, one after the other, each a piece of the object's text.
//
//   JsonMembers members(object);
//   while (const auto member = members.next()) use(member->name, member->value);
//
// One pass over the whole object, without memory of its own. Not thread-safe.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "appd/protocol/text/json.h"

namespace appd::protocol {

class JsonMembers {
 public:
  struct Member {
    JsonView name;  // kString
    JsonView value;
  };

  // `object` is of kind kObject (checked); its text outlives this object and what it gives.
  explicit JsonMembers(JsonView object);

  // In the order of the text, repeated names included; nullopt behind the last one. Nested values
  // are stepped over without a look inside, however deep.
  [[nodiscard]] std::optional<Member> next();

 private:
  std::string_view text_;
  std::size_t at_ = 1;  // behind the brace, or the last value
};

}  // namespace appd::protocol
