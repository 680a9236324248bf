#include "appd/handlers/typed/typed_number.h"

#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <span>

#include "appd/protocol/byte_order.h"

namespace appd::handlers::internal {

using protocol::fail;
using protocol::JsonKind;

namespace {

constexpr std::string_view kBinaryBool = "1 byte, 0 or 1";
constexpr std::string_view kBinaryNumber = "8 bytes, an IEEE 754 binary64 number in network order";

bool is_whole_range(const IntegerRange& range) {
  return range.least == std::numeric_limits<std::int64_t>::min();
}

bool fits(std::int64_t value, const IntegerRange& range) {
  return value >= range.least && (value < 0 || static_cast<std::uint64_t>(value) <= range.most);
}

// The shortest text that reads back as `value`, with a fraction or an exponent, as Python writes
// it: 2 would be an integer.
template <class Float>
Result<void> append_float(std::string& out, Float value) {
  if (!std::isfinite(value)) {
    return fail(Status::kInternal, "the result is infinite or no number, which JSON cannot hold");
  }
  std::array<char, 32> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  const std::string_view text(digits.data(), static_cast<std::size_t>(end - digits.data()));
  out += text;
  if (text.find_first_of(".e") == std::string_view::npos) out += ".0";
  return {};
}

}  // namespace

std::string integer_words(std::string_view noun, const IntegerRange& range) {
  std::string words(noun);
  if (is_whole_range(range)) return words;
  return words + " from " + std::to_string(range.least) + " to " + std::to_string(range.most);
}

std::string integer_schema(const IntegerRange& range) {
  return R"({"type": "integer", "minimum": )" + std::to_string(range.least) + R"(, "maximum": )" +
         std::to_string(range.most) + "}";
}

Result<std::uint64_t> integer_from_json(JsonView value, const Site& site,
                                        const IntegerRange& range) {
  if (value.kind() != JsonKind::kInteger) {
    return unexpected_value(Status::kInvalidArgument, site, integer_words("an integer", range),
                            value);
  }
  const std::string_view digits = value.text();
  if (!range.is_signed && digits.front() != '-') {
    std::uint64_t number = 0;
    const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (parsed.ec == std::errc() && number <= range.most) return number;
  } else if (const Result<std::int64_t> number = value.integer(); number && fits(*number, range)) {
    return static_cast<std::uint64_t>(*number);
  }
  const IntegerRange told = range;
  return unexpected_value(
      Status::kOutOfRange, site,
      "an integer from " + std::to_string(told.least) + " to " + std::to_string(told.most), value);
}

tl::unexpected<protocol::Error> no_integer(Bytes bytes, const Site& site,
                                           const IntegerRange& range) {
  if (bytes.size() != sizeof(std::uint32_t)) {
    return unexpected_bytes(Status::kInvalidArgument, site,
                            range.is_signed
                                ? "4 bytes, a 32-bit integer in network order"
                                : "4 bytes, an unsigned 32-bit integer in network order",
                            bytes);
  }
  const std::uint32_t bits = protocol::load_be32(bytes);
  const std::int64_t value =
      range.is_signed ? std::int64_t{static_cast<std::int32_t>(bits)} : std::int64_t{bits};
  return fail(Status::kOutOfRange, expected_text(site, integer_words("an integer", range)) +
                                       ", but " + std::to_string(value) + " came");
}

void append_integer_json(std::string& out, std::uint64_t bits, bool is_signed) {
  std::array<char, 20> digits;  // -9223372036854775808
  char* const begin = digits.data();
  const auto end =
      is_signed ? std::to_chars(begin, begin + digits.size(), static_cast<std::int64_t>(bits))
                : std::to_chars(begin, begin + digits.size(), bits);
  out.append(begin, end.ptr);
}

tl::unexpected<protocol::Error> beyond_32_bits(std::uint64_t bits, bool is_signed) {
  const std::string digits =
      is_signed ? std::to_string(static_cast<std::int64_t>(bits)) : std::to_string(bits);
  return fail(Status::kOutOfRange, "the result " + digits + " does not fit an integer of 32 bits");
}

Result<void> append_integer_bytes(std::string& out, std::uint64_t bits, bool is_signed) {
  if (!fits_32_bits(bits, is_signed)) return beyond_32_bits(bits, is_signed);
  std::array<char, sizeof(std::uint32_t)> bytes;
  protocol::store_be32(std::as_writable_bytes(std::span(bytes)), static_cast<std::uint32_t>(bits));
  out.append(bytes.data(), bytes.size());
  return {};
}

Result<double> number_from_json(JsonView value, const Site& site, double most) {
  if (value.kind() != JsonKind::kInteger && value.kind() != JsonKind::kFraction) {
    return unexpected_value(Status::kInvalidArgument, site, "a number", value);
  }
  const double number = value.number();
  if (std::abs(number) <= most) return number;
  return unexpected_value(Status::kOutOfRange, site, "a number that floating point can hold",
                          value);
}

Result<double> number_from_bytes(Bytes bytes, const Site& site, double most) {
  if (bytes.size() != sizeof(double)) {
    return unexpected_bytes(Status::kInvalidArgument, site, kBinaryNumber, bytes);
  }
  const std::uint64_t bits =
      (std::uint64_t{protocol::load_be32(bytes)} << 32) | protocol::load_be32(bytes.subspan(4));
  const auto number = std::bit_cast<double>(bits);
  // NaN and the infinities have no JSON form and so are no values here.
  if (std::abs(number) <= most) return number;
  return fail(Status::kOutOfRange,
              expected_text(site, "a finite number that floating point can hold"));
}

Result<void> append_number_json(std::string& out, double value) { return append_float(out, value); }
Result<void> append_number_json(std::string& out, float value) { return append_float(out, value); }

void append_number_bytes(std::string& out, double value) {
  const auto bits = std::bit_cast<std::uint64_t>(value);
  std::array<char, sizeof bits> bytes;
  const auto writable = std::as_writable_bytes(std::span(bytes));
  protocol::store_be32(writable, static_cast<std::uint32_t>(bits >> 32));
  protocol::store_be32(writable.subspan(4), static_cast<std::uint32_t>(bits));
  out.append(bytes.data(), bytes.size());
}

Result<bool> bool_from_json(JsonView value, const Site& site) {
  if (value.kind() == JsonKind::kBool) return value.is_true();
  return unexpected_value(Status::kInvalidArgument, site, "a boolean", value);
}

Result<bool> bool_from_bytes(Bytes bytes, const Site& site) {
  if (bytes.size() == 1 && bytes[0] <= std::byte{1}) return bytes[0] == std::byte{1};
  if (bytes.size() != 1) {
    return unexpected_bytes(Status::kInvalidArgument, site, kBinaryBool, bytes);
  }
  return fail(Status::kInvalidArgument, expected_text(site, kBinaryBool) + ", but " +
                                            std::to_string(std::to_integer<int>(bytes[0])) +
                                            " came");
}

}  // namespace appd::handlers::internal
