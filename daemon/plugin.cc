#include "appd/daemon/plugin.h"

#include <dlfcn.h>

#include <exception>
#include <filesystem>

#include "appd/handlers/plugin_entry.h"
#include "appd/options/start_error.h"

namespace appd::daemon {
namespace {

using handlers::PluginAbi;
using handlers::PluginEntry;

std::string last_error() {
  const char* text = dlerror();
  return text == nullptr ? "unknown reason" : text;
}

options::StartError plugin_error(const std::string& file, const std::string& text) {
  return options::StartError("plugin " + file + ": " + text);
}

const PluginEntry& load(const std::string& file) {
  // A name without a slash would be looked for among the system's libraries.
  const std::string path = std::filesystem::absolute(file).string();
  std::error_code ignored;
  if (std::filesystem::is_fifo(path, ignored)) {  // dlopen(3) would wait for its writer
    throw plugin_error(file, "cannot be loaded: it is a pipe");
  }
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) throw plugin_error(file, "cannot be loaded: " + last_error());
  const void* symbol = dlsym(library, handlers::kPluginSymbol);
  if (symbol == nullptr) {
    throw plugin_error(file, std::string("has no entry point ") + handlers::kPluginSymbol +
                                 "; write one with APPD_PLUGIN of <appd/plugin.h>");
  }
  const auto& entry = *static_cast<const PluginEntry*>(symbol);
  constexpr PluginAbi kOurs;
  if (entry.abi.magic != kOurs.magic) {
    throw plugin_error(file, std::string("its ") + handlers::kPluginSymbol +
                                 " is no entry point; write one with APPD_PLUGIN");
  }
  if (entry.abi != kOurs || entry.add_actions == nullptr) {
    throw plugin_error(file, "was built for another version (its ABI is " +
                                 std::to_string(entry.abi.version) + ", the program's " +
                                 std::to_string(kOurs.version) +
                                 ") or by another compiler; build it anew with the headers of "
                                 "this one");
  }
  return entry;
}

}  // namespace

void check_plugin(const std::string& file) { static_cast<void>(load(file)); }

void add_plugin_actions(handlers::Registry& registry, const std::string& file) {
  const PluginEntry& entry = load(file);
  try {
    entry.add_actions(registry);
  } catch (const std::exception& error) {
    throw plugin_error(file, error.what());
  }
}

}  // namespace appd::daemon
