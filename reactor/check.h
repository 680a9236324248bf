// APPD_CHECK(condition, values...): an assertion that stays on in release builds.
//
// For bugs of ours alone. Nothing that a peer sends, a full disk or load can do may reach one.
// A failed check prints its place, its text and the values on standard error, and aborts.
// A value is a number, a text, a pointer, or what has a to_string().
#pragma once

#include <concepts>
#include <initializer_list>
#include <string>
#include <string_view>

namespace appd::reactor::internal {

// Made only where a check has failed.
class CheckedValue {
 public:
  explicit CheckedValue(std::integral auto number) : text_(std::to_string(number)) {}
  explicit CheckedValue(std::string_view text) : text_(text) {}
  explicit CheckedValue(const void* pointer);
  template <class T>
  requires requires(const T& value) {
    { value.to_string() } -> std::same_as<std::string>;
  }
  explicit CheckedValue(const T& value) : text_(value.to_string()) {}

  [[nodiscard]] std::string_view text() const { return text_; }

 private:
  std::string text_;
};

[[noreturn]] void check_failed(const char* file, int line, std::string_view text,
                               std::initializer_list<CheckedValue> values);

template <class... Values>
[[noreturn, gnu::cold, gnu::noinline]] void check_failed_with(const char* file, int line,
                                                              std::string_view text,
                                                              const Values&... values) {
  check_failed(file, line, text, {CheckedValue(values)...});
}

}  // namespace appd::reactor::internal

#define APPD_CHECK(condition, ...)                                              \
  (static_cast<bool>(condition) ? void(0)                                       \
                                : ::appd::reactor::internal::check_failed_with( \
                                      __FILE__, __LINE__, #condition __VA_OPT__(, ) __VA_ARGS__))
