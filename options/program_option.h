// Options of a program's own, each bound to a variable that may be read while a reload changes it.
//
// A source is parsed into a value of its own, with the variable's first value as the default; the
// variable is written when all sources have proved right. So a wrong configuration file changes
// nothing, and a key that went from the file gives the default back.
#pragma once

#include <atomic>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include "appd/options/option_table.h"

namespace appd::options {

// Adds the option to a table; what is returned writes the variable.
using ProgramOption = std::function<std::function<void()>(OptionTable& table)>;

struct CountRange {
  std::uint64_t least;
  std::uint64_t most;
};
struct DurationRange {
  reactor::Duration least;
  reactor::Duration most = kMaxDuration;
};

namespace internal {

template <class T>
struct ValueOf {
  using Type = T;
};
template <class T>
struct ValueOf<std::atomic<T>> {
  using Type = T;
};
// Of a variable, which may be a std::atomic.
template <class Variable>
using OptionValue = typename ValueOf<Variable>::Type;

template <class T>
inline constexpr bool kIsDuration = false;
template <class Rep, class Period>
inline constexpr bool kIsDuration<std::chrono::duration<Rep, Period>> = true;

template <class To, class From>
To converted(const From& from) {
  if constexpr (kIsDuration<To>) {
    return std::chrono::duration_cast<To>(from);
  } else {
    return static_cast<To>(from);
  }
}

// `Parsed` is what the table knows; `make` makes an option that is bound to one.
template <class Parsed, class Variable, class Make>
ProgramOption program_option(Variable& variable, Make make) {
  using Value = OptionValue<Variable>;
  const Value value = variable;
  const auto first = converted<Parsed>(value);
  return [&variable, first, make = std::move(make)](OptionTable& table) {
    const auto parsed = std::make_shared<Parsed>(first);
    table.add(make(*parsed));
    return [&variable, parsed] { variable = converted<Value>(*parsed); };
  };
}

}  // namespace internal

template <class Variable>
concept CountVariable = std::integral<internal::OptionValue<Variable>> &&
    !std::same_as<internal::OptionValue<Variable>, bool>;
template <class Variable>
concept DurationVariable = internal::kIsDuration<internal::OptionValue<Variable>>;

template <class Variable>
concept SwitchVariable = std::same_as < internal::OptionValue<Variable>,
bool > ;

// `variable` holds the default, and outlives every use of what is returned.
template <CountVariable Variable>
ProgramOption program_option(const std::string& name, const std::string& help, Variable& variable,
                             CountRange range) {
  return internal::program_option<std::uint64_t>(
      variable, [name, help, range](std::uint64_t& parsed) {
        return count_option(name, help, parsed, range.least, range.most);
      });
}
template <DurationVariable Variable>
ProgramOption program_option(const std::string& name, const std::string& help, Variable& variable,
                             DurationRange range) {
  return internal::program_option<reactor::Duration>(
      variable, [name, help, range](reactor::Duration& parsed) {
        return duration_option(name, help, parsed, range.least, range.most);
      });
}
template <SwitchVariable Variable>
ProgramOption program_option(const std::string& name, const std::string& help, Variable& variable) {
  return internal::program_option<bool>(
      variable, [name, help](bool& parsed) { return switch_option(name, help, parsed); });
}
ProgramOption program_option(const std::string& name, const std::string& help,
                             std::string& variable);

}  // namespace appd::options
