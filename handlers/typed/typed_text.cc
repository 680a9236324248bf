#include "appd/handlers/typed/typed_text.h"

#include "appd/handlers/typed/typed_container.h"

namespace appd::handlers::internal {

Result<std::string_view> text_from_json(JsonView value, const Site& site) {
  if (value.kind() != protocol::JsonKind::kString) {
    return unexpected_value(Status::kInvalidArgument, site, "a string", value);
  }
  return value.string(site.texts.emplace_front());
}

Result<std::string_view> text_from_bytes(Bytes bytes, const Site& site) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (protocol::is_valid_utf8(text)) return text;
  return protocol::fail(Status::kInvalidArgument,
                        expected_text(site, "UTF-8 text") + ", but the content is not valid UTF-8");
}

Result<void> append_text_json(std::string& out, std::string_view text) {
  if (!protocol::is_valid_utf8(text)) {
    return protocol::fail(Status::kInternal, "text of the result is not UTF-8");
  }
  protocol::append_json_string(out, text);
  return {};
}

std::string array_schema(const std::string& elements) {
  return R"({"type": "array", "items": )" + elements + "}";
}

std::string nullable_schema(const std::string& value) {
  return R"({"anyOf": [)" + value + R"(, {"type": "null"}]})";
}

std::string map_schema(const std::string& values) {
  return R"({"type": "object", "additionalProperties": )" + values + "}";
}

tl::unexpected<protocol::Error> twice(const Site& member, std::string_view expected) {
  return protocol::fail(
      Status::kInvalidArgument,
      joined({expected_text(member, expected), ", but \"", pointer_to(member), "\" came twice"}));
}

Result<void> append_name(std::string& out, std::string_view name) {
  Result<void> added = append_text_json(out, name);
  if (added) out += ": ";
  return added;
}

}  // namespace appd::handlers::internal
