// How deep a TOML text nests, before the library sees it: what toml++ builds of a key with tens of
// thousands of dots it destroys by recursion, and so it uses the stack up (its own limit is for
// arrays and inline tables only).
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace appd::options {

// The first line, from 1, with more than `limit` brackets within one another, or more than `limit`
// dots in one key or one name of a table; nullopt: there is none. Takes time in proportion to the
// text, and no stack. `toml` need not be TOML: what is said holds up to the first thing that is
// none.
[[nodiscard]] std::optional<std::size_t> line_nesting_beyond(std::size_t limit,
                                                             std::string_view toml);

}  // namespace appd::options
