// What appd can be told, and where from: a flag, else the environment (APPD_ and the flag's name in
// capitals, '-' as '_'), else the configuration file (TOML, the flags' names as keys, '-' or '_'),
// else the default.
//
// Environment variables that begin with APPD_ and name no option are ignored, since others may use
// the prefix; one that is empty counts as not set. An unknown key of the file is an error.
// Relative paths are seen from the folder that the program was started in; with daemon set they are
// made absolute, since a daemon works in "/".
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "appd/logging/log.h"
#include "appd/options/option_table.h"
#include "appd/protocol/address.h"
#include "appd/reactor/endpoint.h"
#include "appd/servers/limits.h"

namespace appd::daemon {

inline constexpr std::size_t kMaxThreads = 1024;

// The number of CPUs that this process may use (usable_cpus.h), 1 to kMaxThreads.
[[nodiscard]] std::size_t default_threads();

struct Options {
  std::vector<protocol::Address> listen;  // never empty once parsed; default kDefaultAddress
  std::size_t threads = default_threads();
  std::string search_file;           // empty: the tutorial's entries
  std::vector<std::string> plugins;  // shared objects whose actions are served, too
  logging::LogOptions log;
  unsigned socket_mode = reactor::kSocketMode;  // permissions of Unix sockets
  std::string pid_file;                         // empty: none
  bool daemon = false;
  servers::Limits limits;
};

// app, message-echo, framed-echo and raw-echo.
[[nodiscard]] std::span<const std::string_view> built_in_protocol_names();

// Declares appd's options, bound to `options`, which outlives the table. `protocols`: the names
// that an address to listen on may have.
void add_server_options(options::OptionTable& table, Options& options,
                        std::span<const std::string_view> protocols = built_in_protocol_names());

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
  // Empty: none besides the server's. The variables that they are bound to are written at the start
  // and at each reload, then on the reload's thread: App's actions take what they need by value.
  std::function<void(options::OptionTable& table)> add_options;
  // What it speaks; outlives the parsing.
  std::span<const std::string_view> protocols = built_in_protocol_names();
};

struct ParsedOptions {
  Options options;
  // Set: print it on standard output and exit with kSuccess (--help, --version, --check-config,
  // --print-config).
  std::optional<std::string> answer;
  options::OptionValues values;    // of all options, as they count
  options::OptionChanges changes;  // since `running`
  // Of options of the program's own: to be called when all this is to take effect.
  std::vector<std::function<void()>> write_variables = {};
};

// Throws UsageError (a wrong flag, variable, key or value) and StartError (a configuration file
// that cannot be read; with --check-config also another file that serving would read).
// `folder`: what relative paths are seen from; empty: the working directory, whatever it is.
// `running`: what counts until now, for a reload: options that need a restart keep it.
[[nodiscard]] ParsedOptions parse_options(int argc, const char* const* argv,
                                          const EnvironmentLookup& environment,
                                          const Program& program = {},
                                          const std::string& folder = {},
                                          const options::OptionValues& running = {});

}  // namespace appd::daemon
