// Every type that a typed handler may take and return:
//
//   bool, integers, float, double                             typed_number.h
//   std::string, std::string_view, Bytes, JsonView, Json      typed_text.h
//   std::vector, std::optional and maps of these              typed_container.h
//   std::pair, std::tuple and std::array of these             typed_tuple.h
//   structs of these                                          typed_struct.h
//   enumerations                                              typed_choice.h
#pragma once

#include <concepts>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <unordered_map>

#include "appd/handlers/typed/json_value.h"
#include "appd/handlers/typed/typed_choice.h"
#include "appd/handlers/typed/typed_container.h"
#include "appd/handlers/typed/typed_number.h"
#include "appd/handlers/typed/typed_struct.h"
#include "appd/handlers/typed/typed_text.h"
#include "appd/handlers/typed/typed_tuple.h"

namespace appd::handlers {

namespace detail {

template <class T>
inline constexpr bool kOtherKeys = false;
template <class Key, class T, class... Other>
inline constexpr bool kOtherKeys<std::map<Key, T, Other...>> = !std::same_as<Key, std::string>;
template <class Key, class T, class... Other>
inline constexpr bool kOtherKeys<std::unordered_map<Key, T, Other...>> =
    !std::same_as<Key, std::string>;

// A type that is no Value: refused, in the words that help most.
template <class T>
struct RefusedType {
  static constexpr bool kChars = std::same_as<T, char*> || std::same_as<T, const char*>;
  static constexpr bool kFail = std::same_as<T, tl::unexpected<protocol::Error>>;
  static_assert(!kChars,
                "an action takes text as std::string or std::string_view: a char* says neither "
                "who owns the text nor where it ends");
  static_assert(!kOtherKeys<T>,
                "a map that an action takes or gives has keys of std::string: the names in a JSON "
                "object are strings");
  static_assert(!kFail,
                "fail() alone does not say what the action gives: write the result's type, as in "
                "[](int n) -> appd::Result<int>");
  static_assert(!std::is_enum_v<T>,
                "an enumeration that an action takes or gives has names: write APPD_NAMES(Enum, "
                "{kValue, \"value\"}, ...) behind it");
  static_assert(kChars || kOtherKeys<T> || kFail || std::is_enum_v<T>,
                "an action takes and gives the types of handlers/typed/typed_value.h: for a struct "
                "of your own, write APPD_FIELDS(Struct, members...) behind it");
};

// The first type of a list that is no Value, of a struct with APPD_FIELDS the first such member;
// void: there is none.
template <class... T>
struct FirstRefused {
  using Type = void;
};
template <class T>
struct Refused {
  using Type = T;
};
template <internal::HasFields T>
struct Refused<T> {
  template <class... Field>
  static FirstRefused<typename Field::Member...> first(const std::tuple<Field...>&);
  using Type = typename decltype(first(internal::kFieldsOf<T>))::Type;
};
template <class T, class... More>
struct FirstRefused<T, More...> : std::conditional_t<Value<T>, FirstRefused<More...>, Refused<T>> {
};

}  // namespace detail

template <class T>
Json Json::of(const T& value) {
  Json json;
  json.text_.clear();
  Result<void> added;
  if constexpr (std::is_convertible_v<const T&, std::string_view>) {
    added = ValueForm<std::string_view>::append_json(json.text_, value);
  } else {
    static_assert(Value<T>, "a JSON value is of one of the types in handlers/typed/typed_value.h");
    added = ValueForm<T>::append_json(json.text_, value);
  }
  if (!added) throw std::invalid_argument(added.error().message);
  return json;
}

template <class T>
JsonObject& JsonObject::add(std::string_view name, const T& value) {
  return add_json(name, Json::of(value).text());
}

}  // namespace appd::handlers
