// std::vector and std::optional of other values as arguments and results (value_form.h).
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "appd/handlers/typed/value_form.h"
#include "appd/protocol/text/json_array.h"

namespace appd::handlers {

namespace internal {

// Of `elements`: an array of them, as JSON Schema; one of them or null.
[[nodiscard]] std::string array_schema(const std::string& elements);
[[nodiscard]] std::string nullable_schema(const std::string& value);

}  // namespace internal

// JSON: an array. Binary, where all elements have the same number of bytes: one behind the other.
template <Value T>
struct ValueForm<std::vector<T>> {
  using Element = ValueForm<T>;
  static constexpr bool kBinary = Element::kWidth > 0;
  static constexpr std::size_t kWidth = 0;
  static std::string one() { return internal::joined({"an array of ", Element::many()}); }
  static std::string many() { return internal::joined({"arrays of ", Element::many()}); }
  static std::string schema() { return internal::array_schema(Element::schema()); }
  static std::string binary() requires kBinary {
    return internal::joined({"any number of elements, each ", Element::binary()});
  }

  static Result<std::vector<T>> from_json(JsonView value, const Site& site) {
    if (value.kind() != protocol::JsonKind::kArray) {
      return unexpected_value(Status::kInvalidArgument, site, one(), value);
    }
    std::vector<T> values;
    protocol::JsonArray elements(value);
    while (const auto element = elements.next()) {
      Result<T> decoded = Element::from_json(*element, site.element(values.size()));
      if (!decoded) return tl::unexpected(std::move(decoded.error()));
      values.push_back(*std::move(decoded));
    }
    return values;
  }
  static Result<std::vector<T>> from_bytes(Bytes bytes, const Site& site) requires kBinary {
    if (bytes.size() % Element::kWidth != 0) {
      return unexpected_bytes(Status::kInvalidArgument, site, binary(), bytes);
    }
    std::vector<T> values;
    values.reserve(bytes.size() / Element::kWidth);
    for (; !bytes.empty(); bytes = bytes.subspan(Element::kWidth)) {
      Result<T> decoded = Element::from_bytes(bytes.first(Element::kWidth), site);
      if (!decoded) return tl::unexpected(std::move(decoded.error()));
      values.push_back(*std::move(decoded));
    }
    return values;
  }
  static Result<void> append_json(std::string& out, const std::vector<T>& values) {
    out += '[';
    bool first = true;
    for (const T& value : values) {
      if (!std::exchange(first, false)) out += ", ";
      if (Result<void> added = Element::append_json(out, value); !added) return added;
    }
    out += ']';
    return {};
  }
  static Result<void> append_bytes(std::string& out,
                                   const std::vector<T>& values) requires kBinary {
    for (const T& value : values) {
      if (Result<void> added = Element::append_bytes(out, value); !added) return added;
    }
    return {};
  }
};

// JSON: null, or as an argument no value at all. Binary: no bytes.
template <Value T>
struct ValueForm<std::optional<T>> {
  using Inner = ValueForm<T>;
  static constexpr bool kBinary = Inner::kBinary;
  static constexpr std::size_t kWidth = 0;
  static std::string one() { return internal::joined({Inner::one(), " or null"}); }
  static std::string many() { return internal::joined({Inner::many(), " or null"}); }
  static std::string schema() { return internal::nullable_schema(Inner::schema()); }
  static std::string binary() requires kBinary {
    return internal::joined({"nothing, or ", Inner::binary()});
  }

  static Result<std::optional<T>> from_json(JsonView value, const Site& site) {
    if (value.kind() == protocol::JsonKind::kNull) return std::optional<T>();
    return some(Inner::from_json(value, site));
  }
  static Result<std::optional<T>> from_bytes(Bytes bytes, const Site& site) requires kBinary {
    if (bytes.empty()) return std::optional<T>();
    return some(Inner::from_bytes(bytes, site));
  }
  static Result<void> append_json(std::string& out, const std::optional<T>& value) {
    if (value) return Inner::append_json(out, *value);
    out += "null";
    return {};
  }
  static Result<void> append_bytes(std::string& out,
                                   const std::optional<T>& value) requires kBinary {
    if (!value) return {};
    return Inner::append_bytes(out, *value);
  }

 private:
  static Result<std::optional<T>> some(Result<T> decoded) {
    if (!decoded) return tl::unexpected(std::move(decoded.error()));
    return std::optional<T>(*std::move(decoded));
  }
};

}  // namespace appd::handlers
