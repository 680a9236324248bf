// The members of a small JSON object by name.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "appd/protocol/text/json.h"

namespace appd::clients {

// Of a name that is there twice, the last one. Views are valid as long as the object's text.
class JsonObjectMembers {
 public:
  // nullopt: it is no object.
  [[nodiscard]] static std::optional<JsonObjectMembers> of(protocol::JsonView object);

  [[nodiscard]] std::size_t size() const { return members_.size(); }
  // nullopt: there is none of the name, or it is of another kind.
  [[nodiscard]] std::optional<protocol::JsonView> find(std::string_view name) const;
  [[nodiscard]] std::optional<protocol::JsonView> find(std::string_view name,
                                                       protocol::JsonKind kind) const;
  // The characters of a string.
  [[nodiscard]] std::optional<std::string> text(std::string_view name) const;

  [[nodiscard]] const std::map<std::string, protocol::JsonView, std::less<>>& all() const {
    return members_;
  }

 private:
  std::map<std::string, protocol::JsonView, std::less<>> members_;
};

}  // namespace appd::clients
