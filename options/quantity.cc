#include "appd/options/quantity.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cstdio>
#include <limits>
#include <optional>
#include <span>

#include "appd/protocol/text/json.h"
#include "appd/protocol/text/printable_text.h"

namespace appd::options {
namespace {

using namespace std::chrono_literals;

struct Unit {
  std::string_view name;  // lower case
  std::uint64_t factor;
};

// Units of printing first, the largest first.
constexpr std::array<Unit, 11> kSizeUnits = {{{"tib", 1ULL << 40},
                                              {"gib", 1ULL << 30},
                                              {"mib", 1ULL << 20},
                                              {"kib", 1ULL << 10},
                                              {"", 1},
                                              {"b", 1},
                                              {"bytes", 1},
                                              {"kb", 1'000},
                                              {"mb", 1'000'000},
                                              {"gb", 1'000'000'000},
                                              {"tb", 1'000'000'000'000}}};
constexpr std::array<Unit, 7> kTimeUnits = {{{"h", 3'600'000'000'000},
                                             {"m", 60'000'000'000},
                                             {"s", 1'000'000'000},
                                             {"ms", 1'000'000},
                                             {"us", 1'000},
                                             {"ns", 1},
                                             {"", 1'000'000'000}}};

constexpr auto kMost = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string_view take_digits(std::string_view& text) {
  const auto end = std::find_if_not(text.begin(), text.end(), is_digit);
  const std::string_view digits = text.substr(0, static_cast<std::size_t>(end - text.begin()));
  text.remove_prefix(digits.size());
  return digits;
}

const Unit* find_unit(std::span<const Unit> units, std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  const auto same = [](char lower, char any) {
    return lower == std::tolower(static_cast<unsigned char>(any));
  };
  for (const Unit& unit : units) {
    if (std::ranges::equal(unit.name, text, same)) return &unit;
  }
  return nullptr;
}

// nullopt: more than kMost.
std::optional<std::uint64_t> whole_part(std::string_view digits, std::uint64_t factor) {
  std::uint64_t value = 0;
  for (const char digit : digits) {
    const auto units = static_cast<std::uint64_t>(digit - '0');
    if (value > (kMost - units) / 10) return std::nullopt;
    value = value * 10 + units;
  }
  if (value > kMost / factor) return std::nullopt;
  return value * factor;
}

// 0.DIGITS times `factor`, rounded down, exactly: from the last digit to the first, each step
// dividing by ten what is right of it.
std::uint64_t fraction_part(std::string_view digits, std::uint64_t factor) {
  std::uint64_t value = 0;
  for (auto digit = digits.rbegin(); digit != digits.rend(); ++digit) {
    value = (static_cast<std::uint64_t>(*digit - '0') * factor + value) / 10;
  }
  return value;
}

enum class Flaw { kNotation, kTooLarge };

tl::expected<std::uint64_t, Flaw> parse_quantity(std::string_view text,
                                                 std::span<const Unit> units) {
  const std::string_view whole = take_digits(text);
  std::string_view fraction;
  if (!text.empty() && text.front() == '.') {
    text.remove_prefix(1);
    fraction = take_digits(text);
    if (fraction.empty()) return tl::unexpected(Flaw::kNotation);
  }
  const Unit* unit = find_unit(units, text);
  if (whole.empty() || unit == nullptr) return tl::unexpected(Flaw::kNotation);
  const std::optional<std::uint64_t> value = whole_part(whole, unit->factor);
  const std::uint64_t rest = fraction_part(fraction, unit->factor);
  if (!value || *value > kMost - rest) return tl::unexpected(Flaw::kTooLarge);
  return *value + rest;
}

// The first unit of `units` that divides it; they end in one of factor 1.
const Unit& dividing_unit(std::uint64_t value, std::span<const Unit> units) {
  const auto divides = [value](const Unit& unit) { return value % unit.factor == 0; };
  return *std::ranges::find_if(units, divides);
}

}  // namespace

Result<std::uint64_t> parse_byte_size(std::string_view text) {
  const auto value = parse_quantity(text, kSizeUnits);
  if (value) return *value;
  if (value.error() == Flaw::kTooLarge) {
    return protocol::fail(protocol::Status::kInvalidArgument,
                          protocol::in_quotes(text) + " is more than 8388607 TiB");
  }
  return protocol::fail(protocol::Status::kInvalidArgument,
                        protocol::in_quotes(text) +
                            " is not a size; give bytes or a unit, such as 4096, 64KiB or 16MiB");
}

std::string print_byte_size(std::uint64_t bytes) {
  if (bytes == 0) return "0";
  const Unit& unit = dividing_unit(bytes, kSizeUnits);
  std::string text = std::to_string(bytes / unit.factor);
  if (unit.factor == 1) return text;
  text += static_cast<char>(std::toupper(static_cast<unsigned char>(unit.name.front())));
  return text + "iB";
}

Result<reactor::Duration> parse_duration(std::string_view text) {
  const auto value = parse_quantity(text, kTimeUnits);
  const auto longest = static_cast<std::uint64_t>(kMaxDuration.count());
  if (value && *value <= longest) return reactor::Duration(static_cast<std::int64_t>(*value));
  if (value || value.error() == Flaw::kTooLarge) {
    return protocol::fail(
        protocol::Status::kInvalidArgument,
        protocol::in_quotes(text) + " is more than " + print_duration(kMaxDuration));
  }
  return protocol::fail(protocol::Status::kInvalidArgument,
                        protocol::in_quotes(text) +
                            " is not a time; give seconds or a unit, such as 10s, 500ms, 2m or 1h");
}

std::string print_duration(reactor::Duration duration) {
  if (duration == 0ns) return "0s";
  const auto value = static_cast<std::uint64_t>(duration.count());
  const Unit& unit = dividing_unit(value, kTimeUnits);
  return std::to_string(value / unit.factor) + std::string(unit.name);
}

Result<double> parse_decimal(std::string_view text, double least, double most) {
  const auto number = protocol::JsonView::plain_scalar(text);
  if (number && number->kind() != protocol::JsonKind::kString) {
    const double value = number->number();
    if (value >= least && value <= most) return value;
  }
  std::array<char, 64> range;
  std::snprintf(range.data(), range.size(), " is not a number from %.10g to %.10g", least, most);
  return protocol::fail(protocol::Status::kInvalidArgument,
                        protocol::in_quotes(text) + range.data());
}

Result<unsigned> parse_mode(std::string_view text) {
  constexpr unsigned kMaxMode = 0777;
  constexpr std::size_t kMaxDigits = 4;
  const std::string_view digits = text.starts_with("0o") ? text.substr(2) : text;
  unsigned mode = kMaxMode + 1;
  if (digits.size() <= kMaxDigits) {
    const char* const end = digits.data() + digits.size();
    const auto [stopped, error] = std::from_chars(digits.data(), end, mode, 8);
    if (error != std::errc() || stopped != end) mode = kMaxMode + 1;
  }
  if (mode <= kMaxMode) return mode;
  return protocol::fail(
      protocol::Status::kInvalidArgument,
      protocol::in_quotes(text) + " is no octal number from 0 to 0777, such as 0660");
}

std::string print_mode(unsigned mode) {
  std::string text = "0000";
  for (auto digit = text.rbegin(); digit != text.rend(); ++digit, mode /= 8) {
    *digit = static_cast<char>('0' + mode % 8);
  }
  return text;
}

}  // namespace appd::options
