// What the action `search` knows: texts by query.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "appd/protocol/status.h"

namespace appd::handlers {

// Query -> text, both UTF-8.
using SearchEntries = std::map<std::string, std::string, std::less<>>;

// The tutorial's three.
[[nodiscard]] SearchEntries tutorial_search_entries();

// An object of strings, {"QUERY": "TEXT", ...}, as the file of --search-file holds it.
// Errors: invalid_content, where it is no JSON object; else invalid_argument, which names the key:
// its text is not a string, or the key is there twice.
[[nodiscard]] protocol::Result<SearchEntries> parse_search_entries(std::string_view json_text);

}  // namespace appd::handlers
