// The flags of a program: those of its option table, and those that steer the parsing itself.
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

// What a program's command line is like, beside its table.
struct CommandLineForm {
  std::string program;  // its name
  std::string summary;
  std::string footer;        // behind the flags in the help text
  std::string usage = {};    // instead of "Usage: PROGRAM [OPTIONS]", of a program that takes words
  bool configurable = true;  // has --config, --check-config and --print-config
};

// `arguments`: flags and their values, without the program's name. A flag that is repeated counts
// as its last value, but for a list. Throws UsageError: an unknown flag, one without its value, an
// argument that is no flag.
[[nodiscard]] CommandLine parse_command_line(const std::vector<std::string>& arguments,
                                             const OptionTable& table, const CommandLineForm& form);

}  // namespace appd::options
