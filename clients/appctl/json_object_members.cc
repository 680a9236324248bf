#include "appd/clients/appctl/json_object_members.h"

namespace appd::clients {

using protocol::JsonKind;
using protocol::JsonView;

std::optional<JsonObjectMembers> JsonObjectMembers::of(JsonView object) {
  JsonObjectMembers members;
  protocol::JsonReader reader;
  const auto read =
      reader.read_object(object.text(), [&members](std::string_view name, const JsonView& value) {
        members.members_.insert_or_assign(std::string(name), value);
      });
  if (!read) return std::nullopt;
  return members;
}

std::optional<JsonView> JsonObjectMembers::find(std::string_view name) const {
  const auto found = members_.find(name);
  if (found == members_.end()) return std::nullopt;
  return found->second;
}

std::optional<JsonView> JsonObjectMembers::find(std::string_view name, JsonKind kind) const {
  const auto found = find(name);
  return found && found->kind() == kind ? found : std::nullopt;
}

std::optional<std::string> JsonObjectMembers::text(std::string_view name) const {
  const auto value = find(name, JsonKind::kString);
  if (!value) return std::nullopt;
  std::string scratch;
  return std::string(value->string(scratch));
}

}  // namespace appd::clients
