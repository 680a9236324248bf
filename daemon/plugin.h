// Actions from shared objects: --plugin FILE.so (docs/handlers.md 6).
#pragma once

#include <string>

#include "appd/handlers/registry.h"

namespace appd::daemon {

// Loads the shared object, where it is not loaded yet, and checks its entry point. What is loaded
// stays until the process ends, since actions are made of its code.
// Throws StartError, which names the file: it cannot be loaded, has no entry point, or was built
// for another version.
void check_plugin(const std::string& file);

// check_plugin(), and adds its actions. Throws StartError also for what adding them throws.
void add_plugin_actions(handlers::Registry& registry, const std::string& file);

}  // namespace appd::daemon
