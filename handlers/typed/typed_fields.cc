#include "appd/handlers/typed/typed_fields.h"

#include <utility>

#include "appd/protocol/text/json_array.h"
#include "appd/protocol/text/json_members.h"

namespace appd::handlers::internal {

using protocol::fail;

namespace {

// Where `name` is among the fields, mostly at `expected`; their number where it is not.
std::size_t place_of(std::string_view name, FieldForms fields, std::size_t expected) {
  if (expected < fields.size() && fields[expected].name == name) return expected;
  std::size_t at = 0;
  while (at < fields.size() && fields[at].name != name) ++at;
  return at;
}

std::string listed(FieldForms fields, bool optional) {
  std::string names;
  for (const FieldForm& field : fields) {
    if (field.optional != optional) continue;
    if (!names.empty()) names += ", ";
    names += field.name;
  }
  return names;
}

// "set: expected an object with key, value at JSON pointer "/value", but WHAT", or plain.
tl::unexpected<protocol::Error> wrong_parts(const Site& site, const std::string& expected,
                                            const std::string& what) {
  std::string text = expected_text(site, expected);
  if (!site.plain_refusals) {
    text.append(" at JSON pointer \"").append(pointer_to(site)).append("\"");
  }
  return fail(Status::kInvalidArgument, text.append(", but ").append(what));
}

tl::unexpected<protocol::Error> wrong_members(const Site& site, FieldForms fields,
                                              const std::string& what) {
  return wrong_parts(site, members_words("an object", fields), what);
}

tl::unexpected<protocol::Error> wrong_count(const Site& site, FieldForms fields,
                                            const std::string& what) {
  return wrong_parts(site, elements_words("an array", fields), what);
}

// Of a name that somebody sent.
std::string shown_name(const Site& member) { return "\"" + pointer_to(member) + "\""; }

}  // namespace

Result<void> read_members(void* target, JsonView object, FieldForms fields, const Site& site) {
  if (object.kind() != protocol::JsonKind::kObject) {
    return unexpected_value(Status::kInvalidArgument, site, members_words("an object", fields),
                            object);
  }
  std::uint64_t found = 0;
  std::size_t expected = 0;
  std::string scratch;
  protocol::JsonMembers members(object);
  while (const auto member = members.next()) {
    const auto plain = member->name.plain_string();
    const std::string_view name = plain ? *plain : member->name.string(scratch);
    const std::size_t at = place_of(name, fields, expected);
    if (at == fields.size()) {
      return wrong_members(site, fields, shown_name(site.member(name)) + " is not one of them");
    }
    const std::uint64_t bit = std::uint64_t{1} << at;
    const Site place = site.member(fields[at].name);
    if ((found & bit) != 0) return wrong_members(site, fields, shown_name(place) + " came twice");
    found |= bit;
    if (Result<void> read = fields[at].read(target, member->value, place); !read) return read;
    expected = at + 1;
  }
  for (std::size_t at = 0; at < fields.size(); ++at) {
    if ((found >> at & 1) != 0 || fields[at].optional) continue;
    return wrong_members(site, fields, "there is no " + shown_name(site.member(fields[at].name)));
  }
  return {};
}

Result<void> read_elements(void* target, JsonView array, FieldForms fields, std::size_t least,
                           const Site& site) {
  if (array.kind() != protocol::JsonKind::kArray) {
    return unexpected_value(Status::kInvalidArgument, site, elements_words("an array", fields),
                            array);
  }
  std::size_t count = 0;
  protocol::JsonArray elements(array);
  while (const auto element = elements.next()) {
    if (count == fields.size()) return wrong_count(site, fields, "more came");
    Result<void> read = fields[count].read(target, *element, site.element(count));
    if (!read) return read;
    ++count;
  }
  if (count < least) return wrong_count(site, fields, "only " + std::to_string(count) + " came");
  return {};
}

Result<void> read_packed(void* target, Bytes bytes, FieldForms fields, const Site& site) {
  std::size_t width = 0;
  for (const FieldForm& field : fields) width += field.width;
  if (bytes.size() != width) {
    return unexpected_bytes(Status::kInvalidArgument, site, packed_words(fields), bytes);
  }
  for (const FieldForm& field : fields) {
    Result<void> read = field.read_bytes(target, bytes.first(field.width), site.member(field.name));
    if (!read) return read;
    bytes = bytes.subspan(field.width);
  }
  return {};
}

std::string members_words(std::string_view noun, FieldForms fields) {
  const std::string needed = listed(fields, false);
  const std::string optional = listed(fields, true);
  std::string words(noun);
  if (fields.empty()) return words + " without members";
  words.append(" with ").append(needed);
  if (optional.empty()) return words;
  return words.append(needed.empty() ? "perhaps " : " and perhaps ").append(optional);
}

std::string members_schema(FieldForms fields) {
  std::string properties;
  std::string required;
  bool first = true;
  for (const FieldForm& field : fields) {
    append_member_name(properties, field.name, first);
    properties += field.schema();
    if (field.optional) continue;
    if (!required.empty()) required += ", ";
    protocol::append_json_string(required, field.name);
  }
  return R"({"type": "object", "properties": {)" + properties + R"(}, "required": [)" + required +
         R"(], "additionalProperties": false})";
}

std::string elements_words(std::string_view noun, FieldForms fields) {
  std::string words(noun);
  if (fields.empty()) return words + " without elements";
  for (const FieldForm& field : fields) {
    words += &field == fields.data() ? " of " : ", ";
    if (!field.name.empty()) words.append(field.name).append(": ");
    words += field.one();
  }
  return words;
}

std::string elements_schema(FieldForms fields, std::size_t least) {
  std::string schemas;
  for (const FieldForm& field : fields) {
    if (!schemas.empty()) schemas += ", ";
    schemas += field.schema();
  }
  return R"({"type": "array", "prefixItems": [)" + schemas + R"(], "minItems": )" +
         std::to_string(least) + R"(, "maxItems": )" + std::to_string(fields.size()) + "}";
}

std::string packed_words(FieldForms fields) {
  std::size_t width = 0;
  std::string each;
  for (const FieldForm& field : fields) {
    width += field.width;
    if (!each.empty()) each += "; ";
    if (!field.name.empty()) each.append(field.name).append(": ");
    each += field.binary();
  }
  return std::to_string(width) + " bytes, one value behind the other: " + each;
}

void append_member_name(std::string& out, std::string_view name, bool& first) {
  if (!std::exchange(first, false)) out += ", ";
  protocol::append_json_string(out, name);
  out += ": ";
}

}  // namespace appd::handlers::internal
