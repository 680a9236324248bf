// Inside the layer: the values of a function that takes several, by name or by place (typed.h).
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "appd/handlers/typed/typed_fields.h"
#include "appd/handlers/typed/typed_signature.h"

namespace appd::handlers::detail {

// Their names and how each is read. Not changed once it is made, and shared by all loops.
class NamedParameters {
 public:
  // Throws std::invalid_argument, naming `action`: there are not as many names as fields, or the
  // names are no names.
  NamedParameters(std::string_view action, std::vector<std::string> names,
                  internal::FieldForms fields);
  NamedParameters(const NamedParameters&) = delete;  // the fields point to the names

  // Reads the request's value, an object or an array, or its bytes into the Several at `target`.
  // Errors as typed_argument().
  [[nodiscard]] Result<void> read(void* target, const Site& site) const;
  // What follows for the argument.
  void describe(Signature& signature) const;

 private:
  [[nodiscard]] std::string words() const;

  std::vector<std::string> names_;
  std::vector<internal::FieldForm> fields_;
  std::size_t least_ = 0;  // so many elements an array has to have
};

// `action` takes no several values, but names are given: throws std::invalid_argument.
void expect_no_names(std::string_view action, const std::vector<std::string>& names);

template <class Values, std::size_t kAt>
struct SeveralField;
template <class... T, std::size_t kAt>
struct SeveralField<Several<T...>, kAt> {
  using Member = std::tuple_element_t<kAt, std::tuple<T...>>;
  static auto& in(void* target) {
    return std::get<kAt>(static_cast<Several<T...>*>(target)->slots);
  }
};

template <class Values, std::size_t... kAt>
std::array<internal::FieldForm, sizeof...(kAt)> several_forms(std::index_sequence<kAt...>) {
  return {internal::field_form<SeveralField<Values, kAt>>({})...};
}

struct NoNames {};
// What a handler keeps beside its function.
template <class F>
using NamesOf =
    std::conditional_t<kTakesSeveral<F>, std::shared_ptr<const NamedParameters>, NoNames>;

template <class... T>
std::shared_ptr<const NamedParameters> named(std::type_identity<Several<T...>>,
                                             std::string_view action,
                                             std::vector<std::string> names) {
  return std::make_shared<const NamedParameters>(
      action, std::move(names), several_forms<Several<T...>>(std::index_sequence_for<T...>()));
}

}  // namespace appd::handlers::detail
