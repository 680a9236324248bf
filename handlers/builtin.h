// The actions that appd has: one file each, listed in this folder's CMakeLists.txt.
#pragma once

#include <map>
#include <string>

#include "handlers/registry.h"

namespace appd::handlers {

// Query -> text.
using SearchEntries = std::map<std::string, std::string, std::less<>>;

// The tutorial's three.
[[nodiscard]] SearchEntries tutorial_search_entries();

struct BuiltinOptions {
  SearchEntries search_entries = tutorial_search_entries();
};

// Adds every built-in action.
void add_builtin_actions(Registry& registry, const BuiltinOptions& options);

}  // namespace appd::handlers
