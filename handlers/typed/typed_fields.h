// Inside the layer: values that consist of several, whatever holds them (typed_struct.h,
// typed_tuple.h, typed_named.h). One place reads them, for all types.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "appd/handlers/typed/value_form.h"

namespace appd::handlers::internal {

inline constexpr std::size_t kMaxFields = 64;

// What is to be known of one of them.
struct FieldForm {
  using Words = std::string();

  std::string_view name;  // of a tuple's, empty
  // Reads `value` into the field of what is at `target`.
  Result<void> (*read)(void* target, JsonView value, const Site& site);
  Result<void> (*read_bytes)(void* target, Bytes bytes, const Site& site);  // where width > 0
  Words* one;
  Words* schema;
  Words* binary;      // where width > 0
  std::size_t width;  // ValueForm::kWidth
  bool optional;      // may be missing
};
using FieldForms = std::span<const FieldForm>;  // kMaxFields at most

template <class T>
inline constexpr bool kIsOptional = false;
template <class T>
inline constexpr bool kIsOptional<std::optional<T>> = true;

// Reads one field: Place::Member is its type, Place::in(target) the field itself.
template <class Place>
struct FieldReader {
  using Member = typename Place::Member;

  static Result<void> read(void* target, JsonView value, const Site& site) {
    return put(target, ValueForm<Member>::from_json(value, site));
  }
  static Result<void> read_bytes(void* target, Bytes bytes, const Site& site) {
    return put(target, ValueForm<Member>::from_bytes(bytes, site));
  }

 private:
  static Result<void> put(void* target, Result<Member> value) {
    if (!value) return tl::unexpected(std::move(value.error()));
    Place::in(target) = *std::move(value);
    return {};
  }
};

template <class Place>
constexpr FieldForm field_form(std::string_view name) {
  using Form = ValueForm<typename Place::Member>;
  FieldForm form{.name = name,
                 .read = &FieldReader<Place>::read,
                 .read_bytes = nullptr,
                 .one = &Form::one,
                 .schema = &Form::schema,
                 .binary = nullptr,
                 .width = Form::kWidth,
                 .optional = kIsOptional<typename Place::Member>};
  if constexpr (Form::kWidth > 0) {
    form.read_bytes = &FieldReader<Place>::read_bytes;
    form.binary = &Form::binary;
  }
  return form;
}

// The bytes of all fields, where each has a fixed number of them; else 0.
[[nodiscard]] constexpr std::size_t packed_width(FieldForms fields) {
  std::size_t width = 0;
  for (const FieldForm& field : fields) {
    if (field.width == 0) return 0;
    width += field.width;
  }
  return width;
}

// The members of an object, in any order, in one pass and without memory but for an escaped name.
// Errors: invalid_argument, for a member that is unknown, missing or there twice, and those of
// the fields. What is at `target` is filled in part then.
[[nodiscard]] Result<void> read_members(void* target, JsonView object, FieldForms fields,
                                        const Site& site);
// The same of an array, by their places: the first `least` have to be there.
[[nodiscard]] Result<void> read_elements(void* target, JsonView array, FieldForms fields,
                                         std::size_t least, const Site& site);
// Fields of so many bytes, one behind the other.
[[nodiscard]] Result<void> read_packed(void* target, Bytes bytes, FieldForms fields,
                                       const Site& site);

// "an object with key, value and perhaps ttl_ms".
[[nodiscard]] std::string members_words(std::string_view noun, FieldForms fields);
[[nodiscard]] std::string members_schema(FieldForms fields);
// "an array of a string, an integer".
[[nodiscard]] std::string elements_words(std::string_view noun, FieldForms fields);
[[nodiscard]] std::string elements_schema(FieldForms fields, std::size_t least);
[[nodiscard]] std::string packed_words(FieldForms fields);

// Appends what stands in front of the value of a member; `first` is of the object's first one.
void append_member_name(std::string& out, std::string_view name, bool& first);

}  // namespace appd::handlers::internal
