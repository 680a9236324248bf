#include "appd/handlers/typed/typed_choice.h"

#include <algorithm>

namespace appd::handlers::internal {

using protocol::fail;

namespace {

std::string listed(Names names) {
  std::string list;
  for (const std::string_view name : names) {
    if (!list.empty()) list += ", ";
    protocol::append_json_string(list, name);
  }
  return list;
}

// Their number where it is none of them.
std::size_t place_of(std::string_view name, Names names) {
  return static_cast<std::size_t>(std::ranges::find(names, name) - names.begin());
}

}  // namespace

std::string choice_words(Names names) { return "one of " + listed(names); }

std::string choice_schema(Names names) { return R"({"enum": [)" + listed(names) + "]}"; }

Result<std::size_t> choice_from_json(JsonView value, const Site& site, Names names) {
  if (value.kind() != protocol::JsonKind::kString) {
    return unexpected_value(Status::kInvalidArgument, site, choice_words(names), value);
  }
  std::string scratch;
  const auto plain = value.plain_string();
  const std::size_t at = place_of(plain ? *plain : value.string(scratch), names);
  if (at < names.size()) return at;
  if (site.plain_refusals) {
    return fail(Status::kInvalidArgument,
                expected_text(site, choice_words(names)) + ", not another string");
  }
  return unexpected_value(Status::kInvalidArgument, site, choice_words(names), value);
}

Result<std::size_t> choice_from_bytes(Bytes bytes, const Site& site, Names names) {
  const std::string_view name(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const std::size_t at = place_of(name, names);
  if (at < names.size()) return at;
  return fail(Status::kInvalidArgument,
              expected_text(site, choice_words(names)) + ", but other bytes came");
}

tl::unexpected<protocol::Error> nameless_choice(Names names) {
  return fail(Status::kInternal, "a value of the result is not " + choice_words(names));
}

}  // namespace appd::handlers::internal
