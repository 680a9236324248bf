// Enumerations as arguments and results (value_form.h):
//
//   enum class Color { kRed, kBlue };
//   APPD_NAMES(Color, {kRed, "red"}, {kBlue, "blue"});
//
// JSON: one of these strings. Binary: its bytes. A value with two names goes by the first.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "appd/handlers/typed/value_form.h"

// Stands behind the enumeration, in its namespace, with every value that a caller sees.
#define APPD_NAMES(Enum, ...)                                                          \
  [[maybe_unused]] constexpr auto appd_names(std::type_identity<Enum>) {               \
    using enum Enum;                                                                   \
    return std::to_array<::appd::handlers::internal::NamedValue<Enum>>({__VA_ARGS__}); \
  }                                                                                    \
  static_assert(true)

namespace appd::handlers {

namespace internal {

template <class Enum>
struct NamedValue {
  Enum value;
  std::string_view name;
};

template <class T>
concept HasNames = requires {
  appd_names(std::type_identity<T>());
};

using Names = std::span<const std::string_view>;

template <class Enum>
inline constexpr auto kNamesOf =
    []<std::size_t kCount>(const std::array<NamedValue<Enum>, kCount>& named) {
      std::array<std::string_view, kCount> names;
      for (std::size_t at = 0; at < kCount; ++at) names[at] = named[at].name;
      return names;
    }(appd_names(std::type_identity<Enum>()));

// `one of "red", "blue"`.
[[nodiscard]] std::string choice_words(Names names);
[[nodiscard]] std::string choice_schema(Names names);
// Which of the names it is. Errors: invalid_argument.
[[nodiscard]] Result<std::size_t> choice_from_json(JsonView value, const Site& site, Names names);
[[nodiscard]] Result<std::size_t> choice_from_bytes(Bytes bytes, const Site& site, Names names);
// For a result whose value is not among those with names.
[[nodiscard]] tl::unexpected<protocol::Error> nameless_choice(Names names);

}  // namespace internal

template <internal::HasNames T>
struct ValueForm<T> {
  static constexpr bool kBinary = true;
  static constexpr std::size_t kWidth = 0;
  static std::string one() { return internal::choice_words(internal::kNamesOf<T>); }
  static std::string many() { return internal::joined({"strings, each ", one()}); }
  static std::string schema() { return internal::choice_schema(internal::kNamesOf<T>); }
  static std::string binary() { return one(); }
  static Result<T> from_json(JsonView value, const Site& site) {
    return internal::choice_from_json(value, site, internal::kNamesOf<T>).map(value_at);
  }
  static Result<T> from_bytes(Bytes bytes, const Site& site) {
    return internal::choice_from_bytes(bytes, site, internal::kNamesOf<T>).map(value_at);
  }
  static Result<void> append_json(std::string& out, T value) {
    const std::string_view name = name_of(value);
    if (name.data() == nullptr) return internal::nameless_choice(internal::kNamesOf<T>);
    protocol::append_json_string(out, name);
    return {};
  }
  static Result<void> append_bytes(std::string& out, T value) {
    const std::string_view name = name_of(value);
    if (name.data() == nullptr) return internal::nameless_choice(internal::kNamesOf<T>);
    out += name;
    return {};
  }

 private:
  static T value_at(std::size_t at) { return appd_names(std::type_identity<T>())[at].value; }
  // Without data where there is none.
  static std::string_view name_of(T value) {
    for (const auto& each : appd_names(std::type_identity<T>())) {
      if (each.value == value) return each.name;
    }
    return {};
  }
};

}  // namespace appd::handlers
