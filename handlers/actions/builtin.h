// The actions that appd has: one file each, listed in this folder's CMakeLists.txt.
#pragma once

#include "appd/handlers/actions/search_entries.h"
#include "appd/handlers/registry.h"

namespace appd::handlers {

struct BuiltinOptions {
  SearchEntries search_entries = tutorial_search_entries();
};

// Adds every built-in action.
void add_builtin_actions(Registry& registry, const BuiltinOptions& options);

}  // namespace appd::handlers
