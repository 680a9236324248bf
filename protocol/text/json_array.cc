#include "appd/protocol/text/json_array.h"

#include "appd/protocol/text/json_scan.h"
#include "appd/reactor/check.h"

namespace appd::protocol {

JsonArray::JsonArray(JsonView array) : text_(array.text()) {
  APPD_CHECK(array.kind() == JsonKind::kArray, json_kind_name(array.kind()));
}

std::optional<JsonView> JsonArray::next() {
  internal::JsonElement found;
  if (!internal::scan_next(text_, at_, found)) return std::nullopt;
  at_ = found.slice.end;
  return JsonView(found.slice.of(text_), found.kind, found.plain);
}

}  // namespace appd::protocol
