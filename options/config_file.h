// The configuration file: TOML, the flags' names as keys ('-' or '_'), no tables.
//
//   listen = ["app://:65432", "raw-echo://:65433"]
//   threads = 4
//   idle-timeout = "2m"
#pragma once

#include <string>
#include <vector>

#include "appd/options/option_table.h"

namespace appd::options {

// A larger file is refused rather than read.
inline constexpr std::size_t kMaxConfigFileBytes = 1024 * 1024;

// The values in the order of the file; their sources are "FILE:LINE: KEY". Throws StartError: the
// file cannot be read. Throws UsageError ("FILE:LINE: ..."): not TOML, nested deeper than any
// option could be, an unknown key, one that is there twice, a value of a kind that no option takes.
// A byte order mark in front is skipped.
[[nodiscard]] std::vector<GivenValue> read_config_file(const std::string& path,
                                                       const OptionTable& table);

// The table's values as such a file, each with a comment that names its source. Reading it back
// gives the same values.
[[nodiscard]] std::string print_config(const OptionTable& table);

}  // namespace appd::options
