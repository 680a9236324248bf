// Decimal digits to doubles, whatever the standard library can do.
#pragma once

#include <string_view>

namespace appd::protocol {

// The double that is nearest to a number in JSON's notation; infinite or zero, with its sign, where
// none is near. The process's locale does not matter.
[[nodiscard]] double nearest_double(std::string_view json_number);

// The same by strtod(3), which wants a copy: for libraries whose std::from_chars knows no doubles
// (libc++ below 20). Compiled and tested everywhere.
[[nodiscard]] double nearest_double_by_strtod(std::string_view json_number);

}  // namespace appd::protocol
