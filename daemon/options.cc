#include "appd/daemon/options.h"

#include <algorithm>
#include <climits>
#include <cstdlib>
#include <filesystem>

#include "appd/daemon/plugin.h"
#include "appd/daemon/search_file.h"
#include "appd/machine/usable_cpus.h"
#include "appd/options/command_line.h"
#include "appd/options/config_file.h"
#include "appd/options/start_error.h"
#include "appd/servers/served_protocols.h"

namespace appd::daemon {
namespace {

using protocol::Address;
using std::chrono_literals::operator""ms;

// A time-out of nothing would end every connection at once.
constexpr reactor::Duration kLeastTimeout = 1ms;
constexpr std::uint64_t kNoMost = INT64_MAX;

using ProtocolNames = std::vector<std::string_view>;

protocol::Result<std::vector<Address>> parse_addresses(std::span<const std::string> texts,
                                                       const ProtocolNames& protocols) {
  std::vector<Address> addresses;
  for (const std::string& text : texts) {
    protocol::Result<Address> address = protocol::parse_address(text, protocols);
    if (!address) return tl::unexpected(address.error());
    addresses.push_back(*std::move(address));
  }
  if (!addresses.empty()) return addresses;
  return protocol::fail(
      protocol::Status::kInvalidArgument,
      "give at least one address, such as " + std::string(protocol::kDefaultAddress));
}

options::Option listen_option(std::vector<Address>& addresses, const ProtocolNames& protocols) {
  options::Option option{
      .name = "listen", .value_name = "ADDRESS", .help = "Where to listen; repeatable"};
  option.arity = options::Option::Arity::kMany;
  option.parse = [&addresses, protocols](std::span<const std::string> texts) {
    return parse_addresses(texts, protocols).map([&addresses](std::vector<Address> parsed) {
      addresses = std::move(parsed);
    });
  };
  option.print = [&addresses] {
    std::vector<std::string> texts;
    for (const Address& address : addresses) texts.push_back(address.to_string());
    return texts;
  };
  option.make_absolute = [&addresses](const std::string& folder) {
    for (Address& address : addresses) {
      if (address.transport != protocol::TransportKind::kUnix) continue;
      address.path = options::absolute_path(address.path, folder);
    }
  };
  return option;
}

options::Option plugin_option(std::vector<std::string>& files) {
  options::Option option{.name = "plugin",
                         .value_name = "FILE",
                         .help = "A shared object whose actions are served, too; repeatable"};
  option.arity = options::Option::Arity::kMany;
  option.parse = [&files](std::span<const std::string> texts) -> reactor::Result<void> {
    if (std::ranges::count(texts, "") > 0) {
      return protocol::fail(protocol::Status::kInvalidArgument, "give the name of a file");
    }
    files.assign(texts.begin(), texts.end());
    return {};
  };
  option.print = [&files] { return files; };
  option.make_absolute = [&files](const std::string& folder) {
    for (std::string& file : files) file = options::absolute_path(file, folder);
  };
  return option;
}

void add_log_options(options::OptionTable& table, logging::LogOptions& log) {
  options::Choices<logging::Level> levels;
  for (int level = 0; level <= static_cast<int>(logging::Level::kOff); ++level) {
    levels.emplace_back(logging::level_name(static_cast<logging::Level>(level)),
                        static_cast<logging::Level>(level));
  }
  table.add(
      options::choice_option("log-level", "Log this and what is more severe", log.level, levels));
  table.add(options::choice_option(
      "log-format", "How a log line is written", log.format,
      {{"text", logging::LogFormat::kText}, {"json", logging::LogFormat::kJson}}));
  table.add(options::path_option("log-file", "Append the log to this file, not to standard error",
                                 log.file));
}

void add_limit_options(options::OptionTable& table, servers::Limits& limits) {
  table.add(
      options::size_option("max-content", "Largest content of a message", limits.max_content));
  table.add(options::count_option("max-connections",
                                  "Connections at a time; 0: what the file limit allows",
                                  limits.max_connections, 0, kNoMost));
  table.add(options::count_option("max-connections-per-peer",
                                  "Connections of one peer; 0: no limit",
                                  limits.max_connections_per_peer, 0, kNoMost));
  table.add(options::duration_option("header-timeout",
                                     "From a message's first byte to its header's end",
                                     limits.header_timeout, kLeastTimeout));
  table.add(options::duration_option("request-timeout", "From a message's first byte to its last",
                                     limits.request_timeout, kLeastTimeout));
  table.add(options::duration_option("idle-timeout", "Between messages of a kept connection",
                                     limits.idle_timeout, kLeastTimeout));
  table.add(options::duration_option("write-timeout", "Without any progress of a pending reply",
                                     limits.write_timeout, kLeastTimeout));
  table.add(options::size_option("write-high-watermark",
                                 "Unsent replies at which a session stops reading",
                                 limits.write_high_watermark, 1));
  table.add(options::size_option("max-buffered", "Bytes buffered over all sessions",
                                 limits.max_buffered, 1));
  table.add(options::duration_option("drain-timeout",
                                     "For answering what had arrived before SIGTERM",
                                     limits.drain_timeout, reactor::Duration(0)));
  table.add(options::count_option("max-pending-calls",
                                  "Requests of one session that wait for their answer",
                                  limits.max_pending_calls, 1, kNoMost));
  table.add(options::count_option("max-calls",
                                  "Requests over all sessions that wait for their answer",
                                  limits.max_calls, 1, kNoMost));
  table.add(options::count_option("max-nesting",
                                  "Arrays and objects of a JSON text within one another",
                                  limits.max_nesting, 1, protocol::kMostNesting));
  table.add(options::duration_option(
      "half-close-grace", "For answers that are still owed when a peer has ended its sending",
      limits.half_close_grace, reactor::Duration(0)));
  table.add(options::count_option("pool-threads", "Threads for handlers that block; 0: one a CPU",
                                  limits.pool_threads, 0, kMaxThreads));
  table.add(options::count_option("pool-queue", "Calls that wait for one of them at most",
                                  limits.pool_queue, 0, kNoMost));
  table.add(options::count_option(
      "backlog", "Connections that wait to be accepted; default: the kernel's limit",
      limits.backlog, 1, INT_MAX));
  table.add(options::duration_option("blocked-loop-warning",
                                     "A handler that keeps a loop this long is logged; 0: never",
                                     limits.blocked_loop_warning, reactor::Duration(0)));
}

// Without the program's name.
std::vector<std::string> arguments_of(int argc, const char* const* argv) {
  if (argc < 1) return {};
  return {argv + 1, argv + argc};
}

std::string variable_name(const Program& program, const std::string& option_name) {
  std::string name = program.environment_prefix;
  for (const char c : option_name) {
    name += c == '-' ? '_' : (c >= 'a' && c <= 'z') ? static_cast<char>(c - 'a' + 'A') : c;
  }
  return name;
}

std::vector<std::string> split_at_commas(const std::string& text) {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  for (std::size_t end = text.find(','); end != std::string::npos; end = text.find(',', begin)) {
    parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  parts.push_back(text.substr(begin));
  return parts;
}

std::vector<options::GivenValue> environment_values(const options::OptionTable& table,
                                                    const Program& program,
                                                    const EnvironmentLookup& environment) {
  std::vector<options::GivenValue> values;
  for (const options::OptionTable::Entry& entry : table.entries()) {
    const std::string variable = variable_name(program, entry.option.name);
    const std::optional<std::string> text = environment(variable);
    if (!text || text->empty()) continue;
    const bool list = entry.option.arity == options::Option::Arity::kMany;
    values.push_back({entry.option.name, list ? split_at_commas(*text) : std::vector{*text},
                      "environment variable " + variable});
  }
  return values;
}

std::string footer(const Program& program) {
  return std::string(options::kQuantityHelp) +
         "Every option may also be given in the environment (" +
         variable_name(program, "max-content") + ") or in the file of\n--config or " +
         variable_name(program, "config") +
         " (max-content = \"16MiB\"). A flag counts before the environment,\n"
         "the environment before the file.";
}

void apply_all(options::OptionTable& table, const std::vector<options::GivenValue>& values) {
  for (const options::GivenValue& value : values) table.apply(value);
}

std::string working_directory() {
  std::error_code ignored;  // a start in a folder that is gone has no relative paths to offer
  return std::filesystem::current_path(ignored).string();
}

// Where we still are in `folder`, a path stays as it was given: lines that name it read better.
std::string seen_from(const std::string& folder, const std::string& path) {
  return folder == working_directory() ? path : options::absolute_path(path, folder);
}

// File, then environment, then flags: the last one counts, and a wrong value is told even where
// another one counts.
void apply_sources(options::OptionTable& table, const Program& program,
                   const options::CommandLine& line, const EnvironmentLookup& environment,
                   const std::string& folder) {
  std::optional<std::string> config = line.config;
  if (!config) config = environment(variable_name(program, "config"));
  if (config && !config->empty()) {
    apply_all(table, options::read_config_file(seen_from(folder, *config), table));
  }
  apply_all(table, environment_values(table, program, environment));
  apply_all(table, line.values);
}

// Reads what serving would read. Throws StartError.
void check_files(const Options& options) {
  if (!options.search_file.empty()) static_cast<void>(read_search_file(options.search_file));
  for (const std::string& plugin : options.plugins) check_plugin(plugin);
}

}  // namespace

std::size_t default_threads() {
  return std::clamp<std::size_t>(machine::usable_cpus(), 1, kMaxThreads);
}

std::span<const std::string_view> built_in_protocol_names() {
  return servers::built_in_protocols()->names();
}

void add_server_options(options::OptionTable& table, Options& options,
                        std::span<const std::string_view> protocols) {
  if (options.listen.empty()) {
    options.listen.push_back(protocol::parse_address(protocol::kDefaultAddress).value());
  }
  table.add(listen_option(options.listen, {protocols.begin(), protocols.end()}));
  table.add(options::count_option("threads",
                                  "Reactors, one a thread; default: one a CPU that may be used",
                                  options.threads, 1, kMaxThreads));
  table.add(options::path_option("search-file",
                                 "Entries of the action search: a JSON object of strings",
                                 options.search_file));
  table.add(plugin_option(options.plugins));
  add_log_options(table, options.log);
  table.add(options::path_option("pid-file",
                                 "Write the process number there and allow only one such process",
                                 options.pid_file));
  table.add(
      options::mode_option("socket-mode", "Permissions of Unix sockets", options.socket_mode));
  table.add(options::switch_option("daemon", "Go on in the background once ready", options.daemon));
  add_limit_options(table, options.limits);
  table.need_restart_but({"log-level", "plugin", "search-file"});
}

EnvironmentLookup system_environment() {
  return [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr) return std::nullopt;
    return value;
  };
}

ParsedOptions parse_options(int argc, const char* const* argv, const EnvironmentLookup& environment,
                            const Program& program, const std::string& start_folder,
                            const options::OptionValues& running) {
  const std::string folder = start_folder.empty() ? working_directory() : start_folder;
  ParsedOptions parsed;
  options::OptionTable table;
  add_server_options(table, parsed.options, program.protocols);
  if (program.add_options) program.add_options(table);
  options::CommandLine line = options::parse_command_line(
      arguments_of(argc, argv), table, {program.name, program.summary, footer(program)});
  if (line.help) {
    parsed.answer = std::move(line.help_text);
  } else if (line.version) {
    const std::string version = program.version.empty() ? APPD_VERSION : program.version;
    parsed.answer = program.name + " " + version + "\n";
  }
  if (parsed.answer) return parsed;

  apply_sources(table, program, line, environment, folder);
  if (line.check_config) check_files(parsed.options);
  if (line.check_config) parsed.answer = "configuration is valid\n";
  if (parsed.options.daemon) table.make_paths_absolute(folder);
  parsed.changes = table.keep(running);
  parsed.values = table.values();
  if (line.print_config) parsed.answer = options::print_config(table);
  return parsed;
}

}  // namespace appd::daemon
