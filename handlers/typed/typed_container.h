// std::vector, std::optional and maps of other values as arguments and results (value_form.h).
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "appd/handlers/typed/value_form.h"
#include "appd/protocol/text/json_array.h"
#include "appd/protocol/text/json_members.h"

namespace appd::handlers {

namespace internal {

// Of `elements`: an array of them, as JSON Schema; one of them or null.
[[nodiscard]] std::string array_schema(const std::string& elements);
[[nodiscard]] std::string nullable_schema(const std::string& value);
// An object with any names, as JSON Schema.
[[nodiscard]] std::string map_schema(const std::string& values);
[[nodiscard]] tl::unexpected<protocol::Error> twice(const Site& member, std::string_view expected);
// Appends `"name": `. Errors: internal, where it is not UTF-8.
[[nodiscard]] Result<void> append_name(std::string& out, std::string_view name);

template <class Map>
struct MapForm;

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

// JSON: an object, each name once. There is no binary form.
template <class Map>
struct internal::MapForm {
  using Mapped = ValueForm<typename Map::mapped_type>;
  static constexpr bool kBinary = false;
  static constexpr std::size_t kWidth = 0;
  static std::string one() { return joined({"an object of ", Mapped::many()}); }
  static std::string many() { return joined({"objects of ", Mapped::many()}); }
  static std::string schema() { return map_schema(Mapped::schema()); }

  static Result<Map> from_json(JsonView value, const Site& site) {
    if (value.kind() != protocol::JsonKind::kObject) {
      return unexpected_value(Status::kInvalidArgument, site, one(), value);
    }
    Map values;
    protocol::JsonMembers members(value);
    while (const auto member = members.next()) {
      std::string scratch;
      const std::string_view name = member->name.string(scratch);
      auto decoded = Mapped::from_json(member->value, site.member(name));
      if (!decoded) return tl::unexpected(std::move(decoded.error()));
      if (!values.try_emplace(std::string(name), *std::move(decoded)).second) {
        return twice(site.member(name), one());
      }
    }
    return values;
  }
  static Result<void> append_json(std::string& out, const Map& values) {
    out += '{';
    bool first = true;
    for (const auto& [name, value] : values) {
      if (!std::exchange(first, false)) out += ", ";
      if (Result<void> added = append_name(out, name); !added) return added;
      if (Result<void> added = Mapped::append_json(out, value); !added) return added;
    }
    out += '}';
    return {};
  }
};

template <Value T, class... Other>
struct ValueForm<std::map<std::string, T, Other...>>
    : internal::MapForm<std::map<std::string, T, Other...>> {};
template <Value T, class... Other>
struct ValueForm<std::unordered_map<std::string, T, Other...>>
    : internal::MapForm<std::unordered_map<std::string, T, Other...>> {};

}  // namespace appd::handlers
