// Calls actions that are made of one function each.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "appd/handlers/typed/typed.h"
#include "tests/handlers/call_fixture.h"

namespace appd::handlers::test {

// Calls one action, "act", made of `function`.
template <class F>
struct Typed {
  explicit Typed(F function, std::string action = "act", ActionOptions options = {})
      : name(std::move(action)) {
    caller.registry.add(make_action(name, std::move(function), std::move(options)));
  }
  Answer json(std::string_view value) { return caller.call(name, value); }
  Answer without_value() { return caller.call_without_value(name); }
  Answer binary(std::string_view payload) { return caller.binary_to(name, payload); }

  std::string name;
  Caller caller;
};

template <class T>
auto same = [](const T& value) { return value; };

inline Answer refused(std::string_view text) {
  return error(Status::kInvalidArgument, "act: expected " + std::string(text));
}
inline Answer out_of_range(std::string_view text) {
  return error(Status::kOutOfRange, "act: expected " + std::string(text));
}

}  // namespace appd::handlers::test
