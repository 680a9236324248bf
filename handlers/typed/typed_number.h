// Booleans, integers and floating point as arguments and results (value_form.h).
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "appd/handlers/typed/value_form.h"
#include "appd/protocol/byte_order.h"

namespace appd::handlers {

namespace internal {

// Of an integer type, without a template a type.
struct IntegerRange {
  std::int64_t least;
  std::uint64_t most;
  bool is_signed;
};
[[nodiscard]] std::string integer_words(std::string_view noun, const IntegerRange& range);
[[nodiscard]] std::string integer_schema(const IntegerRange& range);
// The integer as two's complement.
[[nodiscard]] Result<std::uint64_t> integer_from_json(JsonView value, const Site& site,
                                                      const IntegerRange& range);
// Of bytes that are no integer in the range.
[[nodiscard]] tl::unexpected<protocol::Error> no_integer(Bytes bytes, const Site& site,
                                                         const IntegerRange& range);
void append_integer_json(std::string& out, std::uint64_t bits, bool is_signed);
// Whether there is a packed form of it.
[[nodiscard]] constexpr bool fits_32_bits(std::uint64_t bits, bool is_signed) {
  return is_signed ? static_cast<std::int64_t>(bits) == static_cast<std::int32_t>(bits)
                   : bits == static_cast<std::uint32_t>(bits);
}
[[nodiscard]] tl::unexpected<protocol::Error> beyond_32_bits(std::uint64_t bits, bool is_signed);
[[nodiscard]] Result<void> append_integer_bytes(std::string& out, std::uint64_t bits,
                                                bool is_signed);
[[nodiscard]] Result<double> number_from_json(JsonView value, const Site& site, double most);
[[nodiscard]] Result<double> number_from_bytes(Bytes bytes, const Site& site, double most);
[[nodiscard]] Result<void> append_number_json(std::string& out, double value);
[[nodiscard]] Result<void> append_number_json(std::string& out, float value);
void append_number_bytes(std::string& out, double value);
[[nodiscard]] Result<bool> bool_from_json(JsonView value, const Site& site);
[[nodiscard]] Result<bool> bool_from_bytes(Bytes bytes, const Site& site);
}  // namespace internal

template <class T>
concept IntegerValue = std::integral<T> && !std::same_as<T, bool> && !std::same_as<T, char> &&
                       !std::same_as<T, wchar_t> && !std::same_as<T, char8_t> &&
                       !std::same_as<T, char16_t> && !std::same_as<T, char32_t>;

template <IntegerValue T>
struct ValueForm<T> {
  static constexpr internal::IntegerRange kRange{
      std::is_signed_v<T> ? static_cast<std::int64_t>(std::numeric_limits<T>::min()) : 0,
      static_cast<std::uint64_t>(std::numeric_limits<T>::max()), std::is_signed_v<T>};
  static constexpr bool kBinary = true;
  static constexpr std::size_t kWidth = 4;
  static std::string one() { return internal::integer_words("an integer", kRange); }
  static std::string many() { return internal::integer_words("integers", kRange); }
  static std::string schema() { return internal::integer_schema(kRange); }
  static std::string binary() {
    return std::is_signed_v<T> ? "4 bytes, a 32-bit integer in network order"
                               : "4 bytes, an unsigned 32-bit integer in network order";
  }
  static Result<T> from_json(JsonView value, const Site& site) {
    return narrowed(internal::integer_from_json(value, site, kRange));
  }
  static Result<T> from_bytes(Bytes bytes, const Site& site) {
    using Packed = std::conditional_t<std::is_signed_v<T>, std::int32_t, std::uint32_t>;
    if (bytes.size() == sizeof(Packed)) {
      const auto value = static_cast<Packed>(protocol::load_be32(bytes));
      if (std::in_range<T>(value)) return static_cast<T>(value);
    }
    return internal::no_integer(bytes, site, kRange);
  }
  static Result<void> append_json(std::string& out, T value) {
    internal::append_integer_json(out, static_cast<std::uint64_t>(value), std::is_signed_v<T>);
    return {};
  }
  static Result<void> append_bytes(std::string& out, T value) {
    return internal::append_integer_bytes(out, static_cast<std::uint64_t>(value),
                                          std::is_signed_v<T>);
  }

 private:
  static Result<T> narrowed(Result<std::uint64_t> bits) {
    if (!bits) return tl::unexpected(std::move(bits.error()));
    return static_cast<T>(*bits);
  }
};

template <class T>
requires std::same_as<T, float> || std::same_as<T, double>
struct ValueForm<T> {
  static constexpr double kMost = static_cast<double>(std::numeric_limits<T>::max());
  static constexpr bool kBinary = true;
  static constexpr std::size_t kWidth = 8;
  static std::string one() { return "a number"; }
  static std::string many() { return "numbers"; }
  static std::string schema() { return R"({"type": "number"})"; }
  static std::string binary() { return "8 bytes, an IEEE 754 binary64 number in network order"; }
  static Result<T> from_json(JsonView value, const Site& site) {
    return internal::number_from_json(value, site, kMost).map(narrow);
  }
  static Result<T> from_bytes(Bytes bytes, const Site& site) {
    return internal::number_from_bytes(bytes, site, kMost).map(narrow);
  }
  static Result<void> append_json(std::string& out, T value) {
    return internal::append_number_json(out, value);
  }
  static Result<void> append_bytes(std::string& out, T value) {
    internal::append_number_bytes(out, static_cast<double>(value));
    return {};
  }

 private:
  static T narrow(double value) { return static_cast<T>(value); }
};

template <>
struct ValueForm<bool> {
  static constexpr bool kBinary = true;
  static constexpr std::size_t kWidth = 1;
  static std::string one() { return "a boolean"; }
  static std::string many() { return "booleans"; }
  static std::string schema() { return R"({"type": "boolean"})"; }
  static std::string binary() { return "1 byte, 0 or 1"; }
  static Result<bool> from_json(JsonView value, const Site& site) {
    return internal::bool_from_json(value, site);
  }
  static Result<bool> from_bytes(Bytes bytes, const Site& site) {
    return internal::bool_from_bytes(bytes, site);
  }
  static Result<void> append_json(std::string& out, bool value) {
    out += value ? "true" : "false";
    return {};
  }
  static Result<void> append_bytes(std::string& out, bool value) {
    out += value ? '\1' : '\0';
    return {};
  }
};

}  // namespace appd::handlers
