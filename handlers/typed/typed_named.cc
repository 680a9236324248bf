#include "appd/handlers/typed/typed_named.h"

#include <algorithm>
#include <stdexcept>

#include "appd/handlers/typed/typed_call.h"
#include "appd/protocol/text/utf8.h"

namespace appd::handlers::detail {

using protocol::JsonKind;

namespace {

[[noreturn]] void refuse(std::string_view action, const std::string& why) {
  throw std::invalid_argument(internal::joined({"action \"", action, "\" ", why}));
}

}  // namespace

NamedParameters::NamedParameters(std::string_view action, std::vector<std::string> names,
                                 internal::FieldForms fields)
    : names_(std::move(names)), fields_(fields.begin(), fields.end()) {
  if (names_.size() != fields_.size()) {
    refuse(action, "takes " + std::to_string(fields_.size()) +
                       " values, but its option "
                       "\"parameters\" has " +
                       std::to_string(names_.size()) + (names_.size() == 1 ? " name" : " names") +
                       ": name each of them, in order");
  }
  if (fields_.size() > internal::kMaxFields) {
    refuse(action, "takes more than " + std::to_string(internal::kMaxFields) + " values");
  }
  for (std::size_t at = 0; at < names_.size(); ++at) {
    const std::string& name = names_[at];
    if (name.empty() || !protocol::is_valid_utf8(name)) {
      refuse(action, "has a parameter whose name is empty or not UTF-8");
    }
    if (std::find(names_.begin(), names_.begin() + static_cast<std::ptrdiff_t>(at), name) !=
        names_.begin() + static_cast<std::ptrdiff_t>(at)) {
      refuse(action, "has two parameters with the name \"" + name + "\"");
    }
    fields_[at].name = name;
    if (!fields_[at].optional) least_ = at + 1;
  }
}

Result<void> NamedParameters::read(void* target, const Site& site) const {
  const Request& request = site.request;
  if (request.form == Request::Form::kBinary) {
    if (internal::packed_width(fields_) == 0) return unexpected_binary(site, words());
    return internal::read_packed(target, request.payload, fields_, site);
  }
  if (!request.value) {
    if (least_ == 0) return {};
    return missing_value(site, words());
  }
  switch (request.value->kind()) {
    case JsonKind::kArray:
      return internal::read_elements(target, *request.value, fields_, least_, site);
    case JsonKind::kObject:
      return internal::read_members(target, *request.value, fields_, site);
    default:
      return unexpected_value(Status::kInvalidArgument, site, words(), *request.value);
  }
}

void NamedParameters::describe(Signature& signature) const {
  signature.argument_schema =
      internal::joined({R"({"anyOf": [)", internal::members_schema(fields_), ", ",
                        internal::elements_schema(fields_, least_), "]}"});
  if (internal::packed_width(fields_) > 0) {
    signature.argument_binary = internal::packed_words(fields_);
  }
}

std::string NamedParameters::words() const {
  return internal::members_words("an object or an array", fields_);
}

void expect_no_names(std::string_view action, const std::vector<std::string>& names) {
  if (names.empty()) return;
  refuse(action,
         "has \"parameters\", but takes no more than one value, which has no name: take a "
         "struct with APPD_FIELDS");
}

}  // namespace appd::handlers::detail
