// What a registry's actions say about themselves: as JSON for the action `describe`, as Markdown
// for the reference page, and as calls for tests (docs/handlers.md 5).
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "appd/handlers/registry.h"
#include "appd/handlers/typed/json_value.h"

namespace appd::handlers {

// Limits of the server that count for every action: name, JSON text of the value.
using DescribedLimits = std::vector<std::pair<std::string, std::string>>;

// One action:
//   {"name", "summary", "argument", "result": JSON Schema, {} where anything may come,
//    "binary-argument", "binary-result": in words, null where there is no such form,
//    "content-types": ["text/json", "binary"], of requests,
//    "limits": {NAME: VALUE, "time-limit-ms": N where it has one},
//    "examples": [{"value", "result"}]}
[[nodiscard]] Json describe_action(const Action& action, const DescribedLimits& limits = {});

// Adds the action `describe` over what is registered now, itself included: null or no value ->
// an array of all, by name; a string -> the one of that name, or invalid_argument. Nothing is added
// where an action of that name is there already.
void add_describe(Registry& registry, const DescribedLimits& limits = {});

// The reference page: each action with its types and examples.
[[nodiscard]] std::string actions_page(const Registry& registry);

// Calls every example and says of each that was not answered as it claims: the action, the value,
// what was expected and what came. Actions that wait cannot be called here and are left out.
[[nodiscard]] std::vector<std::string> failing_examples(const Registry& registry);

}  // namespace appd::handlers
