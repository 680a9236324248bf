// --search-file: the entries of the action "search" from a JSON file, an object of strings. A byte
// order mark in front is skipped.
#pragma once

#include <string>

#include "appd/handlers/actions/search_entries.h"

namespace appd::daemon {

// A larger file is refused rather than read.
inline constexpr std::size_t kMaxSearchFileBytes = 256 * 1024 * 1024;

// Throws StartError, whose line names the file, where it cannot be read or is not what it should
// be.
[[nodiscard]] handlers::SearchEntries read_search_file(const std::string& path);

}  // namespace appd::daemon
