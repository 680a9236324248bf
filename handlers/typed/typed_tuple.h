// std::pair, std::tuple and std::array as arguments and results (value_form.h).
//
// JSON: an array of just so many elements. Binary, where all of them have a fixed number of bytes:
// one behind the other.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <tuple>
#include <utility>

#include "appd/handlers/typed/typed_fields.h"
#include "appd/handlers/typed/value_form.h"

namespace appd::handlers {

namespace internal {

template <class Tuple, std::size_t kAt>
struct TupleField {
  using Member = std::tuple_element_t<kAt, Tuple>;
  static Member& in(void* target) { return std::get<kAt>(*static_cast<Tuple*>(target)); }
};

template <class Tuple, std::size_t... kAt>
constexpr auto tuple_forms(std::index_sequence<kAt...>) {
  return std::array<FieldForm, sizeof...(kAt)>{field_form<TupleField<Tuple, kAt>>({})...};
}

// What they have in common.
template <class Tuple>
struct TupleForm {
 private:
  static constexpr auto kIndices = std::make_index_sequence<std::tuple_size_v<Tuple>>();
  static constexpr auto kForms = tuple_forms<Tuple>(kIndices);

 public:
  static constexpr std::size_t kWidth = packed_width(kForms);
  static constexpr bool kBinary = kWidth > 0;
  static std::string one() { return elements_words("an array", kForms); }
  static std::string many() { return elements_words("arrays", kForms); }
  static std::string schema() { return elements_schema(kForms, kForms.size()); }
  static std::string binary() requires kBinary { return packed_words(kForms); }

  static Result<Tuple> from_json(JsonView value, const Site& site) {
    Result<Tuple> made{Tuple()};
    return filled(made, read_elements(&*made, value, kForms, kForms.size(), site));
  }
  static Result<Tuple> from_bytes(Bytes bytes, const Site& site) requires kBinary {
    Result<Tuple> made{Tuple()};
    return filled(made, read_packed(&*made, bytes, kForms, site));
  }
  static Result<void> append_json(std::string& out, const Tuple& value) {
    out += '[';
    Result<void> added = append_elements(out, value, kIndices);
    out += ']';
    return added;
  }
  static Result<void> append_bytes(std::string& out, const Tuple& value) requires kBinary {
    return append_packed(out, value, kIndices);
  }

 private:
  template <std::size_t kAt>
  using Form = ValueForm<std::tuple_element_t<kAt, Tuple>>;

  static Result<Tuple> filled(Result<Tuple>& made, Result<void> read) {
    if (!read) return tl::unexpected(std::move(read.error()));
    return std::move(made);
  }
  template <std::size_t kAt>
  static Result<void> append_element(std::string& out, const Tuple& value) {
    if constexpr (kAt > 0) out += ", ";
    return Form<kAt>::append_json(out, std::get<kAt>(value));
  }
  template <std::size_t... kAt>
  static Result<void> append_elements(std::string& out, const Tuple& value,
                                      std::index_sequence<kAt...>) {
    Result<void> added;
    static_cast<void>(((added = append_element<kAt>(out, value)) && ...));
    return added;
  }
  template <std::size_t... kAt>
  static Result<void> append_packed(std::string& out, const Tuple& value,
                                    std::index_sequence<kAt...>) {
    Result<void> added;
    static_cast<void>(((added = Form<kAt>::append_bytes(out, std::get<kAt>(value))) && ...));
    return added;
  }
};

}  // namespace internal

template <Value... T>
struct ValueForm<std::tuple<T...>> : internal::TupleForm<std::tuple<T...>> {};
template <Value First, Value Second>
struct ValueForm<std::pair<First, Second>> : internal::TupleForm<std::pair<First, Second>> {};
template <Value T, std::size_t kCount>
struct ValueForm<std::array<T, kCount>> : internal::TupleForm<std::array<T, kCount>> {};

}  // namespace appd::handlers
