// The flags: those of an option table, and the five that steer the parsing itself.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "appd/options/option_table.h"

namespace appd::options {

struct CommandLine {
  std::vector<GivenValue> values;  // in the order of the table
  std::optional<std::string> config;
  bool help = false;
  bool version = false;
  bool check_config = false;
  bool print_config = false;
  std::string help_text;  // what --help prints
};

struct CommandLineTexts {
  std::string program;  // its name
  std::string summary;
  std::string footer;  // behind the flags in the help text
};

// Throws UsageError: an unknown flag, one without its value, an argument that is no flag.
[[nodiscard]] CommandLine parse_command_line(int argc, const char* const* argv,
                                             const OptionTable& table,
                                             const CommandLineTexts& texts);

}  // namespace appd::options
