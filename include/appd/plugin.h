// Actions in a shared object that `appd --plugin FILE.so` loads (docs/handlers.md 6):
//
//   #include <appd/plugin.h>
//
//   APPD_PLUGIN(registry) {
//     registry.add(appd::make_action("shout", [](std::string text) { return text + "!"; }));
//   }
//
// Once a plugin, in one of its sources. CMake: add_library(... MODULE ...) and
// target_link_libraries(... appd::plugin).
#pragma once

#include "appd/handlers.h"
#include "appd/handlers/plugin_entry.h"

#define APPD_PLUGIN(registry)                                                               \
  static void appd_plugin_add_actions(::appd::handlers::Registry& registry);                \
  extern "C" __attribute__((visibility("default")))                                         \
  const ::appd::handlers::PluginEntry appd_plugin;                                          \
  extern "C" const ::appd::handlers::PluginEntry appd_plugin{{}, &appd_plugin_add_actions}; \
  static void appd_plugin_add_actions([[maybe_unused]] ::appd::handlers::Registry& registry)
