#include "appd/protocol/text/json_members.h"

#include "appd/protocol/text/json_scan.h"
#include "appd/reactor/check.h"

namespace appd::protocol {

JsonMembers::JsonMembers(JsonView object) : text_(object.text()) {
  APPD_CHECK(object.kind() == JsonKind::kObject, json_kind_name(object.kind()));
}

std::optional<JsonMembers::Member> JsonMembers::next() {
  internal::JsonMember found;
  if (!internal::scan_next(text_, at_, found)) return std::nullopt;
  const auto [slice, kind, plain] = found.value;
  at_ = slice.end;
  // With its quotes.
  const std::string_view name(text_.data() + found.name.begin - 1,
                              found.name.end - found.name.begin + 2);
  return Member{JsonView(name, JsonKind::kString, plain), JsonView(slice.of(text_), kind, plain)};
}

}  // namespace appd::protocol
