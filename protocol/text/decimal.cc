#include "appd/protocol/text/decimal.h"

#include <charconv>
#include <clocale>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <string>
#include <system_error>
#include <version>

namespace appd::protocol {

#ifdef __cpp_lib_to_chars

namespace {

// Whether the non-zero number `text` is at least 1, for one that no double can hold: then it is
// either far above or far below.
bool is_at_least_one(std::string_view text) {
  std::size_t exponent_at = text.find_first_of("eE");
  std::string_view digits = text.substr(0, exponent_at);
  std::int64_t exponent = 0;
  if (exponent_at != std::string_view::npos) {
    std::string_view exponent_text = text.substr(exponent_at + 1);
    if (exponent_text.front() == '+') exponent_text.remove_prefix(1);
    auto parsed = std::from_chars(exponent_text.data(), exponent_text.data() + exponent_text.size(),
                                  exponent);
    // An exponent past 64 bits outweighs any number of digits that memory can hold.
    if (parsed.ec != std::errc()) return exponent_text.front() != '-';
  }
  std::size_t point = digits.find('.');
  if (point == std::string_view::npos) point = digits.size();
  std::size_t first = digits.find_first_of("123456789");
  if (first == std::string_view::npos) return false;
  auto magnitude = static_cast<std::int64_t>(point) - static_cast<std::int64_t>(first);
  if (magnitude > 0) --magnitude;  // the digit before the point counts ones
  constexpr auto kMax = std::numeric_limits<std::int64_t>::max();
  if (exponent > 0 && magnitude > kMax - exponent) return true;
  return magnitude + exponent >= 0;
}

}  // namespace

double nearest_double(std::string_view json_number) {
  double value = 0;
  const auto parsed =
      std::from_chars(json_number.data(), json_number.data() + json_number.size(), value);
  if (parsed.ec == std::errc()) return value;
  const double magnitude =
      is_at_least_one(json_number) ? std::numeric_limits<double>::infinity() : 0.0;
  return json_number.front() == '-' ? -magnitude : magnitude;
}

#else

double nearest_double(std::string_view json_number) {
  return nearest_double_by_strtod(json_number);
}

#endif

double nearest_double_by_strtod(std::string_view json_number) {
  std::string text(json_number);
  if (const std::size_t point = text.find('.'); point != std::string::npos) {
    text.replace(point, 1, std::localeconv()->decimal_point);
  }
  return std::strtod(text.c_str(), nullptr);
}

}  // namespace appd::protocol
