#include "appd/protocol/text/json_members.h"

#include "appd/protocol/text/json_scan.h"
#include "appd/reactor/check.h"

namespace appd::protocol {
namespace {

// From what comes next on: there is something, the closing brace if nothing else.
void skip(std::string_view& text, std::size_t bytes) {
  text.remove_prefix(bytes);
  text.remove_prefix(text.find_first_not_of(" \t\r\n"));
}

}  // namespace

JsonMembers::JsonMembers(JsonView object) : rest_(object.text()) {
  APPD_CHECK(object.kind() == JsonKind::kObject, json_kind_name(object.kind()));
  skip(rest_, 1);
}

std::optional<JsonMembers::Member> JsonMembers::next() {
  if (rest_.front() == '}') return std::nullopt;
  const JsonView name = take();
  skip(rest_, 1);  // the colon
  const JsonView value = take();
  if (rest_.front() == ',') skip(rest_, 1);
  return Member{name, value};
}

JsonView JsonMembers::take() {
  const internal::JsonElement place = internal::scan_value(rest_);
  const JsonView value(place.slice.of(rest_), place.kind, place.plain);
  skip(rest_, place.slice.end);
  return value;
}

}  // namespace appd::protocol
