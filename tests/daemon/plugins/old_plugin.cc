// Built for an ABI that is not this one; calling it would end the process.
#include <cstdlib>

#include "appd/handlers/plugin_entry.h"

namespace {
[[noreturn]] void add_actions(appd::handlers::Registry&) { std::abort(); }
}  // namespace

extern "C" {
extern const appd::handlers::PluginEntry appd_plugin;
const appd::handlers::PluginEntry appd_plugin{{.version = 7}, &add_actions};
}
