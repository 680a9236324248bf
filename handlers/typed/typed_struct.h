// Structs as arguments and results (value_form.h):
//
//   struct Set {
//     std::string key, value;
//     std::optional<std::int64_t> ttl_ms;
//   };
//   APPD_FIELDS(Set, key, value, ttl_ms);
//
// JSON: an object of just these members, in any order; a std::optional one may be missing, and is
// left out of a result where it is empty. Binary, where all members have a fixed number of bytes:
// one behind the other, in the order of APPD_FIELDS.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include "appd/handlers/typed/borrowed.h"
#include "appd/handlers/typed/typed_container.h"
#include "appd/handlers/typed/typed_fields.h"
#include "appd/handlers/typed/value_form.h"

// Stands behind the struct, in its namespace: the members that a caller sees, 64 at most, in the
// order of results. Base classes' members are not among them.
#define APPD_FIELDS(Struct, ...)                                                                  \
  [[maybe_unused]] constexpr auto appd_fields(std::type_identity<Struct>) {                       \
    return std::tuple{__VA_OPT__(APPD_INTERNAL_SCAN(APPD_INTERNAL_FIELDS(Struct, __VA_ARGS__)))}; \
  }                                                                                               \
  static_assert(true)

// One field, and the next ones as often as APPD_INTERNAL_SCAN looks again.
#define APPD_INTERNAL_FIELDS(Struct, field, ...)                        \
  ::appd::handlers::internal::Field{#field, &Struct::field} __VA_OPT__( \
      , APPD_INTERNAL_AGAIN APPD_INTERNAL_NOTHING()(Struct, __VA_ARGS__))
#define APPD_INTERNAL_AGAIN() APPD_INTERNAL_FIELDS
#define APPD_INTERNAL_NOTHING() ()
#define APPD_INTERNAL_SCAN(...) \
  APPD_INTERNAL_SCAN3(APPD_INTERNAL_SCAN3(APPD_INTERNAL_SCAN3(APPD_INTERNAL_SCAN3(__VA_ARGS__))))
#define APPD_INTERNAL_SCAN3(...) \
  APPD_INTERNAL_SCAN2(APPD_INTERNAL_SCAN2(APPD_INTERNAL_SCAN2(APPD_INTERNAL_SCAN2(__VA_ARGS__))))
#define APPD_INTERNAL_SCAN2(...) \
  APPD_INTERNAL_SCAN1(APPD_INTERNAL_SCAN1(APPD_INTERNAL_SCAN1(APPD_INTERNAL_SCAN1(__VA_ARGS__))))
#define APPD_INTERNAL_SCAN1(...) __VA_ARGS__

namespace appd::handlers {

namespace internal {

template <class Struct, class Type>
struct Field {
  using Member = Type;
  std::string_view name;
  Type Struct::*member;
};
template <class Struct, class Type>
Field(const char*, Type Struct::*) -> Field<Struct, Type>;

template <class T>
concept HasFields = requires {
  appd_fields(std::type_identity<T>());
};

template <class T>
inline constexpr auto kFieldsOf = appd_fields(std::type_identity<T>());
template <class T>
using FieldsOf = std::remove_const_t<decltype(kFieldsOf<T>)>;

template <class Struct, std::size_t kAt>
struct StructField {
  using Member = typename std::tuple_element_t<kAt, FieldsOf<Struct>>::Member;
  static Member& in(void* target) {
    return static_cast<Struct*>(target)->*std::get<kAt>(kFieldsOf<Struct>).member;
  }
};

template <class Struct, std::size_t... kAt>
constexpr auto struct_forms(std::index_sequence<kAt...>) {
  return std::array<FieldForm, sizeof...(kAt)>{
      field_form<StructField<Struct, kAt>>(std::get<kAt>(kFieldsOf<Struct>).name)...};
}
template <class Struct>
inline constexpr auto kFormsOf =
    struct_forms<Struct>(std::make_index_sequence<std::tuple_size_v<FieldsOf<Struct>>>());

template <class Struct, class... Type>
constexpr bool borrows(const std::tuple<Field<Struct, Type>...>&) {
  return (kBorrows<Type> || ...);
}

template <class Struct, class... Type>
constexpr bool are_values(const std::tuple<Field<Struct, Type>...>&) {
  return (Value<Type> && ...);
}
// All members are values: only then is the struct one.
template <class T>
concept FieldsOfValues = HasFields<T> && are_values(kFieldsOf<T>);

}  // namespace internal

template <internal::HasFields T>
inline constexpr bool kBorrows<T> = internal::borrows(internal::kFieldsOf<T>);

template <internal::FieldsOfValues T>
struct ValueForm<T> {
  static_assert(std::is_default_constructible_v<T>,
                "a struct with APPD_FIELDS is made empty and then filled: give it a default "
                "constructor");
  static_assert(std::tuple_size_v<internal::FieldsOf<T>> <= internal::kMaxFields,
                "APPD_FIELDS takes 64 members: put some of them into a struct of their own");

  static constexpr std::size_t kWidth = internal::packed_width(internal::kFormsOf<T>);
  static constexpr bool kBinary = kWidth > 0;
  static std::string one() { return internal::members_words("an object", internal::kFormsOf<T>); }
  static std::string many() { return internal::members_words("objects", internal::kFormsOf<T>); }
  static std::string schema() { return internal::members_schema(internal::kFormsOf<T>); }
  static std::string binary() requires kBinary {
    return internal::packed_words(internal::kFormsOf<T>);
  }

  static Result<T> from_json(JsonView value, const Site& site) {
    Result<T> made{T()};
    return filled(made, internal::read_members(&*made, value, internal::kFormsOf<T>, site));
  }
  static Result<T> from_bytes(Bytes bytes, const Site& site) requires kBinary {
    Result<T> made{T()};
    return filled(made, internal::read_packed(&*made, bytes, internal::kFormsOf<T>, site));
  }
  static Result<void> append_json(std::string& out, const T& value) {
    Result<void> added;
    bool first = true;
    out += '{';
    std::apply(
        [&](const auto&... field) {
          (append_member(out, field.name, value.*field.member, first, added) && ...);
        },
        internal::kFieldsOf<T>);
    out += '}';
    return added;
  }
  static Result<void> append_bytes(std::string& out, const T& value) requires kBinary {
    Result<void> added;
    std::apply(
        [&](const auto&... field) {
          ((added = form_of(field).append_bytes(out, value.*field.member)) && ...);
        },
        internal::kFieldsOf<T>);
    return added;
  }

 private:
  template <class Type>
  static ValueForm<Type> form_of(const internal::Field<T, Type>&) {
    return {};
  }
  static Result<T> filled(Result<T>& made, Result<void> read) {
    if (!read) return tl::unexpected(std::move(read.error()));
    return std::move(made);
  }
  template <class Type>
  static bool append_member(std::string& out, std::string_view name, const Type& value, bool& first,
                            Result<void>& added) {
    if constexpr (internal::kIsOptional<Type>) {
      if (!value) return true;
    }
    out += std::exchange(first, false) ? "\"" : ", \"";
    out.append(name).append("\": ");  // a name of C++ has nothing to escape
    added = ValueForm<Type>::append_json(out, value);
    return added.has_value();
  }
};

}  // namespace appd::handlers
