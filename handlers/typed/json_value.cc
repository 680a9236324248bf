#include "appd/handlers/typed/json_value.h"

#include <stdexcept>

#include "appd/protocol/text/utf8.h"

namespace appd::handlers {

Result<Json> Json::parse(std::string_view text) {
  const Result<JsonView> view = JsonView::parse(text);
  if (!view) return tl::unexpected(view.error());
  return Json(*view);
}

JsonObject& JsonObject::add_json(std::string_view name, std::string_view json) {
  if (!protocol::is_valid_utf8(name)) {
    throw std::invalid_argument("the name of a JSON member must be UTF-8");
  }
  if (!members_.empty()) members_ += ", ";
  protocol::append_json_string(members_, name);
  members_.append(": ").append(json);
  return *this;
}

Json JsonObject::take() {
  Json json;
  json.text_ = "{" + std::exchange(members_, {}) + "}";
  return json;
}

}  // namespace appd::handlers
