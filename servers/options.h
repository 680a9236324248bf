// What appd can be told, and where from: a flag, else the environment (APPD_ and the flag's name in
// capitals, '-' as '_'), else the configuration file (TOML, the flags' names as keys, '-' or '_'),
// else the default.
//
// Environment variables that begin with APPD_ and name no option are ignored, since others may use
// the prefix; one that is empty counts as not set. An unknown key of the file is an error.
// With daemon set, relative paths are made absolute (a daemon works in "/").
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "protocol/address.h"
#include "servers/limits.h"
#include "servers/log.h"
#include "servers/option_table.h"

namespace appd::servers {

inline constexpr std::size_t kMaxThreads = 1024;

// The number of CPUs that this process may use (usable_cpus.h), 1 to kMaxThreads.
[[nodiscard]] std::size_t default_threads();

struct Options {
  std::vector<protocol::Address> listen;  // never empty once parsed; default kDefaultAddress
  std::size_t threads = default_threads();
  std::string search_file;           // empty: the tutorial's entries
  std::vector<std::string> plugins;  // shared objects whose actions are served, too
  LogOptions log;
  std::string pid_file;  // empty: none
  bool daemon = false;
  Limits limits;
};

// Declares appd's options, bound to `options`, which outlives the table.
void add_server_options(OptionTable& table, Options& options);

// nullopt: not set.
using EnvironmentLookup = std::function<std::optional<std::string>(const std::string& name)>;
// getenv(3).
[[nodiscard]] EnvironmentLookup system_environment();

// Who asks: appd, or a user's own daemon with options of its own.
struct Program {
  std::string name = "appd";
  std::string summary = "Serves application messages";
  std::string version;  // empty: the project's
  std::string environment_prefix = "APPD_";
  std::function<void(OptionTable& table)> add_options;  // empty: none besides the server's
};

struct ParsedOptions {
  Options options;
  // Set: print it on standard output and exit with kSuccess (--help, --version, --check-config,
  // --print-config).
  std::optional<std::string> answer;
};

// Throws UsageError (a wrong flag, variable, key or value) and StartError (a configuration file
// that cannot be read; with --check-config also another file that serving would read).
[[nodiscard]] ParsedOptions parse_options(int argc, const char* const* argv,
                                          const EnvironmentLookup& environment,
                                          const Program& program = {});

}  // namespace appd::servers
