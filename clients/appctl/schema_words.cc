#include "appd/clients/appctl/schema_words.h"

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

#include "appd/clients/appctl/json_object_members.h"
#include "appd/protocol/text/json_array.h"
#include "appd/protocol/text/json_members.h"

namespace appd::clients {

using protocol::JsonKind;
using protocol::JsonView;

namespace {

// Schemas within schemas: deeper ones no person reads, and a hostile server must not use the stack
// up.
constexpr int kMaxDepth = 8;

struct TypeName {
  std::string_view schema;
  std::string_view words;
};
constexpr std::array<TypeName, 7> kTypes = {{{"string", "a string"},
                                             {"integer", "an integer"},
                                             {"number", "a number"},
                                             {"boolean", "a boolean"},
                                             {"null", "null"},
                                             {"array", "an array"},
                                             {"object", "an object"}}};

std::optional<std::string> words_of(JsonView schema, int depth);

std::optional<std::string> type_words(const std::string& type) {
  for (const TypeName& each : kTypes) {
    if (each.schema == type) return std::string(each.words);
  }
  return std::nullopt;
}

template <class Integer>
bool is_range_of(std::string_view least, std::string_view most) {
  return least == std::to_string(std::numeric_limits<Integer>::min()) &&
         most == std::to_string(std::numeric_limits<Integer>::max());
}

std::string range_words(std::string_view least, std::string_view most) {
  if (is_range_of<std::int64_t>(least, most)) return "an integer of 64 bits";
  if (is_range_of<std::uint64_t>(least, most)) return "an unsigned integer of 64 bits";
  return "an integer from " + std::string(least) + " to " + std::string(most);
}

std::optional<std::string> choice_words(JsonView choices, int depth) {
  std::string words;
  protocol::JsonArray elements(choices);
  while (const auto element = elements.next()) {
    const auto each = words_of(*element, depth + 1);
    if (!each) return std::nullopt;
    if (!words.empty()) words += " or ";
    words += *each;
  }
  if (words.empty()) return std::nullopt;
  return words;
}

// Of the values of an enumeration.
std::string listed(JsonView values) {
  std::string words;
  protocol::JsonArray elements(values);
  while (const auto element = elements.next()) {
    if (!words.empty()) words += ", ";
    words += element->text();
  }
  return "one of " + words;
}

bool has_text(JsonView array, std::string_view text) {
  protocol::JsonArray elements(array);
  while (const auto element = elements.next()) {
    if (element->kind() == JsonKind::kString && element->text() == text) return true;
  }
  return false;
}

// "an object with key: a string, ttl_ms (may be missing): an integer".
std::optional<std::string> object_words(JsonView properties, JsonView required, int depth) {
  std::string words;
  protocol::JsonMembers members(properties);
  while (const auto member = members.next()) {
    const auto each = words_of(member->value, depth + 1);
    if (!each) return std::nullopt;
    words += words.empty() ? "an object with " : ", ";
    std::string scratch;
    words += member->name.string(scratch);
    if (!has_text(required, member->name.text())) words += " (may be missing)";
    words += ": " + *each;
  }
  return words.empty() ? "an object without members" : words;
}

std::optional<std::string> elements_words(JsonView items, int depth) {
  std::string words;
  protocol::JsonArray elements(items);
  while (const auto element = elements.next()) {
    const auto each = words_of(*element, depth + 1);
    if (!each) return std::nullopt;
    words += (words.empty() ? "an array of " : ", ") + *each;
  }
  return words.empty() ? "an array without elements" : words;
}

// The schemas that values of several parts have; nullopt: it is none of them.
std::optional<std::string> parts_words(const JsonObjectMembers& schema, std::string_view type,
                                       int depth) {
  const auto properties = schema.find("properties", JsonKind::kObject);
  const auto required = schema.find("required", JsonKind::kArray);
  const auto others = schema.find("additionalProperties");
  if (type == "object" && properties && required && others && schema.size() == 4) {
    if (others->text() == "false") return object_words(*properties, *required, depth);
  } else if (type == "object" && others && schema.size() == 2) {
    const auto each = words_of(*others, depth + 1);
    if (each) return "an object, each member " + *each;
  }
  const auto items = schema.find("prefixItems", JsonKind::kArray);
  const bool counted = schema.find("minItems") && schema.find("maxItems") && schema.size() == 4;
  if (type == "array" && items && counted) return elements_words(*items, depth);
  return std::nullopt;
}

std::optional<std::string> words_of(JsonView schema, int depth) {
  if (depth > kMaxDepth) return std::nullopt;
  const auto members = JsonObjectMembers::of(schema);
  if (!members) return std::nullopt;
  if (members->size() == 0) return "any JSON value";
  if (const auto any_of = members->find("anyOf", JsonKind::kArray)) {
    if (members->size() == 1) return choice_words(*any_of, depth);
    return std::nullopt;
  }
  if (const auto choice = members->find("enum", JsonKind::kArray)) {
    if (members->size() == 1) return listed(*choice);
  }
  const auto type = members->text("type");
  if (!type) return std::nullopt;
  if (members->size() == 1) return type_words(*type);
  const auto least = members->find("minimum", JsonKind::kInteger);
  const auto most = members->find("maximum", JsonKind::kInteger);
  if (*type == "integer" && least && most && members->size() == 3) {
    return range_words(least->text(), most->text());
  }
  if (auto parts = parts_words(*members, *type, depth)) return parts;
  const auto items = members->find("items", JsonKind::kObject);
  if (*type != "array" || !items || members->size() != 2) return std::nullopt;
  const auto each = words_of(*items, depth + 1);
  if (!each) return std::nullopt;
  return "an array, each element " + *each;
}

}  // namespace

std::string schema_words(JsonView schema) {
  return words_of(schema, 0).value_or(std::string(schema.text()));
}

}  // namespace appd::clients
