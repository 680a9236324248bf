// The one entry point of a plugin: a shared object that adds actions to a daemon (docs/handlers.md
// 6). A plugin writes it with APPD_PLUGIN (<appd/plugin.h>), a daemon finds it by its name.
#pragma once

#include <cstdint>

#include "appd/handlers/registry.h"

namespace appd::handlers {

// Its exported C name.
inline constexpr const char* kPluginSymbol = "appd_plugin";

// Raised when the types that a plugin sees change in a way that their sizes do not show.
inline constexpr std::uint32_t kPluginAbiVersion = 1;

// What must be the same on both sides for a call across to be sound. Fixed-width numbers only, and
// the magic first, so that a daemon may read it whoever built the plugin.
struct PluginAbi {
  std::uint32_t magic = 0x61707064;  // "appd"
  std::uint32_t version = kPluginAbiVersion;
  std::uint32_t cxx_abi = __GXX_ABI_VERSION;
  std::uint32_t string_bytes = sizeof(std::string);
  std::uint32_t request_bytes = sizeof(Request);
  std::uint32_t reply_bytes = sizeof(Reply);
  std::uint32_t action_bytes = sizeof(Action);
  std::uint32_t registry_bytes = sizeof(Registry);

  bool operator==(const PluginAbi&) const = default;
};

struct PluginEntry {
  PluginAbi abi = {};
  // Adds the plugin's actions. Called on the main thread at the start and again at each SIGHUP; may
  // throw what Registry::add() throws.
  void (*add_actions)(Registry& registry) = nullptr;
};

}  // namespace appd::handlers
