// Text, bytes and JSON values as arguments and results (value_form.h).
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "appd/handlers/typed/json_value.h"
#include "appd/handlers/typed/value_form.h"
#include "appd/protocol/text/utf8.h"

namespace appd::handlers {

namespace internal {

// Views into the request or into site.texts.
[[nodiscard]] Result<std::string_view> text_from_json(JsonView value, const Site& site);
[[nodiscard]] Result<std::string_view> text_from_bytes(Bytes bytes, const Site& site);
[[nodiscard]] Result<void> append_text_json(std::string& out, std::string_view text);

// What std::string and std::string_view have in common.
template <class T>
struct TextForm {
  static constexpr bool kBinary = true;
  static constexpr std::size_t kWidth = 0;
  static std::string one() { return "a string"; }
  static std::string many() { return "strings"; }
  static std::string schema() { return R"({"type": "string"})"; }
  static std::string binary() { return "UTF-8 text"; }
  static Result<T> from_json(JsonView value, const Site& site) {
    if (value.kind() == protocol::JsonKind::kString) {
      if (const auto plain = value.plain_string()) return T(*plain);
    }
    Result<std::string_view> text = text_from_json(value, site);
    if (!text) return tl::unexpected(std::move(text.error()));
    return T(*text);
  }
  static Result<T> from_bytes(Bytes bytes, const Site& site) {
    return text_from_bytes(bytes, site).map(as_value);
  }
  static Result<void> append_json(std::string& out, const T& text) {
    return append_text_json(out, text);
  }
  static Result<void> append_bytes(std::string& out, const T& text) {
    out += text;
    return {};
  }

 private:
  static T as_value(std::string_view text) { return T(text); }
};

// What JsonView and Json have in common.
template <class T>
struct JsonForm {
  static constexpr bool kBinary = false;
  static constexpr std::size_t kWidth = 0;
  static std::string one() { return "any JSON value"; }
  static std::string many() { return "JSON values"; }
  static std::string schema() { return "{}"; }
  static Result<T> from_json(JsonView value, const Site&) { return T(value); }
  static Result<void> append_json(std::string& out, const T& value) {
    out += value.text();
    return {};
  }
};

}  // namespace internal

template <>
struct ValueForm<std::string> : internal::TextForm<std::string> {};
template <>
struct ValueForm<std::string_view> : internal::TextForm<std::string_view> {};
template <>
struct ValueForm<JsonView> : internal::JsonForm<JsonView> {};
template <>
struct ValueForm<Json> : internal::JsonForm<Json> {};

// In JSON, an argument of bytes is a string: its UTF-8. A result of bytes is always binary content,
// so that there is nothing to append as JSON.
template <>
struct ValueForm<Bytes> {
  static constexpr bool kBinary = true;
  static constexpr std::size_t kWidth = 0;
  static std::string one() { return "a string"; }
  static std::string many() { return "strings"; }
  static std::string schema() { return R"({"type": "string"})"; }
  static std::string binary() { return "any bytes"; }
  static Result<Bytes> from_json(JsonView value, const Site& site) {
    return internal::text_from_json(value, site).map([](std::string_view text) {
      return std::as_bytes(std::span(text));
    });
  }
  static Result<Bytes> from_bytes(Bytes bytes, const Site&) { return bytes; }
  static Result<void> append_bytes(std::string& out, Bytes bytes) {
    out.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return {};
  }
};

// Bytes that are kept, or made for a result.
template <>
struct ValueForm<std::vector<std::byte>> : ValueForm<Bytes> {
  using Owned = std::vector<std::byte>;
  static Result<Owned> from_json(JsonView value, const Site& site) {
    return ValueForm<Bytes>::from_json(value, site).map(copied);
  }
  static Result<Owned> from_bytes(Bytes bytes, const Site&) { return copied(bytes); }

 private:
  static Owned copied(Bytes bytes) { return {bytes.begin(), bytes.end()}; }
};

}  // namespace appd::handlers
