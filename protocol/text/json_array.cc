#include "appd/protocol/text/json_array.h"

#include "appd/protocol/text/json_scan.h"
#include "appd/reactor/check.h"

namespace appd::protocol {
namespace {

// There is something behind the space: the closing bracket, if nothing else.
std::string_view without_space(std::string_view text) {
  text.remove_prefix(text.find_first_not_of(" \t\r\n"));
  return text;
}

}  // namespace

JsonArray::JsonArray(JsonView array) : rest_(array.text()) {
  APPD_CHECK(array.kind() == JsonKind::kArray, json_kind_name(array.kind()));
  rest_.remove_prefix(1);
  rest_ = without_space(rest_);
}

std::optional<JsonView> JsonArray::next() {
  if (rest_.front() == ']') return std::nullopt;
  const internal::JsonElement place = internal::scan_value(rest_);
  const JsonView element(place.slice.of(rest_), place.kind, place.plain);
  rest_ = without_space(rest_.substr(place.slice.end));
  if (rest_.front() == ',') rest_ = without_space(rest_.substr(1));
  return element;
}

}  // namespace appd::protocol
