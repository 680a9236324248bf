// Every type that a typed handler may take and return:
//
//   bool, integers, float, double                             typed_number.h
//   std::string, std::string_view, Bytes, JsonView, Json      typed_text.h
//   std::vector, std::optional and maps of these              typed_container.h
//   std::pair, std::tuple and std::array of these             typed_tuple.h
//   structs of these                                          typed_struct.h
//   enumerations                                              typed_choice.h
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>

#include "appd/handlers/typed/json_value.h"
#include "appd/handlers/typed/typed_choice.h"
#include "appd/handlers/typed/typed_container.h"
#include "appd/handlers/typed/typed_number.h"
#include "appd/handlers/typed/typed_struct.h"
#include "appd/handlers/typed/typed_text.h"
#include "appd/handlers/typed/typed_tuple.h"

namespace appd::handlers {

template <class T>
JsonObject& JsonObject::add(std::string_view name, const T& value) {
  std::string json;
  Result<void> added;
  if constexpr (std::is_convertible_v<const T&, std::string_view>) {
    added = ValueForm<std::string_view>::append_json(json, value);
  } else {
    static_assert(Value<T>, "a JSON member is of one of the types in handlers/typed/typed_value.h");
    added = ValueForm<T>::append_json(json, value);
  }
  if (!added) throw std::invalid_argument(added.error().message);
  return add_json(name, json);
}

}  // namespace appd::handlers
