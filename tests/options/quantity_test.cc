#include "appd/options/quantity.h"

#include <doctest/doctest.h>

#include <cstdint>

#include "appd/protocol/text/printable_text.h"

using namespace appd::options;
using namespace std::chrono_literals;

TEST_CASE("size: bytes alone, binary and decimal units, any case, a space before the unit") {
  CHECK(parse_byte_size("0").value() == 0);
  CHECK(parse_byte_size("4096").value() == 4096);
  CHECK(parse_byte_size("64KiB").value() == 64 * 1024);
  CHECK(parse_byte_size("16 mib").value() == 16 * 1024 * 1024);
  CHECK(parse_byte_size("1GiB").value() == 1024 * 1024 * 1024);
  CHECK(parse_byte_size("2TiB").value() == 2ULL << 40);
  CHECK(parse_byte_size("3kB").value() == 3000);
  CHECK(parse_byte_size("3MB").value() == 3'000'000);
  CHECK(parse_byte_size("3GB").value() == 3'000'000'000);
  CHECK(parse_byte_size("7B").value() == 7);
}

TEST_CASE("size: a fraction is exact and rounded down to a byte") {
  CHECK(parse_byte_size("1.5KiB").value() == 1536);
  CHECK(parse_byte_size("0.1KiB").value() == 102);
  CHECK(parse_byte_size("0.9999999999999999999999999999GB").value() == 999'999'999);
}

TEST_CASE("size: the most is what 63 bits hold, and one more is refused") {
  CHECK(parse_byte_size("9223372036854775807").value() == INT64_MAX);
  CHECK_FALSE(parse_byte_size("9223372036854775808"));
  CHECK_FALSE(parse_byte_size("9223372036854775807.5KiB"));
  CHECK_FALSE(parse_byte_size("99999999999999999999999999"));
  CHECK(parse_byte_size("8388608TiB").error().message == "\"8388608TiB\" is more than 8388607 TiB");
}

TEST_CASE("size: what is not one is repeated together with what would be right") {
  for (const char* text : {"", "x", "KiB", "-1", "+1", "1.", ".5", "1..5", "1KiBx", "1e3", "0x10",
                           "1,5KiB", " 1", "1 ", "1\n", "10s"}) {
    CAPTURE(text);
    const auto size = parse_byte_size(text);
    if (std::string_view(text) == "1 ") {
      CHECK(size.value() == 1);  // a space before no unit
      continue;
    }
    REQUIRE_FALSE(size);
    CHECK(size.error().message.find("is not a size; give bytes or a unit, such as 4096") !=
          std::string::npos);
  }
  CHECK(parse_byte_size("1\n").error().message.starts_with("\"1\\n\" is not"));
}

TEST_CASE("time: a plain number is seconds, units and fractions are understood") {
  CHECK(parse_duration("10").value() == 10s);
  CHECK(parse_duration("10s").value() == 10s);
  CHECK(parse_duration("500ms").value() == 500ms);
  CHECK(parse_duration("250us").value() == 250us);
  CHECK(parse_duration("2m").value() == 2min);
  CHECK(parse_duration("1h").value() == 1h);
  CHECK(parse_duration("1.5s").value() == 1500ms);
  CHECK(parse_duration("0.25").value() == 250ms);
  CHECK(parse_duration("0").value() == 0s);
}

TEST_CASE("time: more than a year is refused, whatever overflows included") {
  CHECK(parse_duration("8760h").value() == kMaxDuration);
  CHECK(parse_duration("8760.1h").error().message == "\"8760.1h\" is more than 8760h");
  CHECK_FALSE(parse_duration("99999999999999999999h"));
}

TEST_CASE("time: what is not one is repeated together with what would be right") {
  for (const char* text : {"", "-1s", "s", "1d", "1 s s", "nan", "inf", "1KiB"}) {
    CAPTURE(text);
    const auto time = parse_duration(text);
    REQUIRE_FALSE(time);
    CHECK(time.error().message.find("is not a time; give seconds or a unit, such as 10s") !=
          std::string::npos);
  }
}

TEST_CASE("mode: octal digits, with or without a sign that they are") {
  CHECK(parse_mode("0660").value() == 0660);
  CHECK(parse_mode("660").value() == 0660);
  CHECK(parse_mode("0o600").value() == 0600);
  CHECK(parse_mode("0").value() == 0);
  CHECK(parse_mode("777").value() == 0777);
  for (const char* text : {"", "0o", "668", "1000", "01000", "-1", "+660", "0x1ff", "u=rw", "00660",
                           "660 ", "07777"}) {
    CAPTURE(text);
    REQUIRE_FALSE(parse_mode(text).has_value());
    CHECK(parse_mode(text).error().message ==
          appd::protocol::in_quotes(text) + " is no octal number from 0 to 0777, such as 0660");
  }
  CHECK(print_mode(0660) == "0660");
  CHECK(print_mode(0) == "0000");
  CHECK(print_mode(07) == "0007");
}

TEST_CASE("quantity: a decimal is JSON's number within its range") {
  CHECK(parse_decimal("1e3", 1, 1000).value() == 1000);
  CHECK(parse_decimal("0.5", 0, 1).value() == 0.5);
  for (const char* text :
       {"", "0.0009", "1001", "-1", "nan", "inf", "1,5", ".5", "0x10", "1 ", "\"1\""}) {
    CAPTURE(text);
    REQUIRE_FALSE(parse_decimal(text, 0.001, 1000).has_value());
    CHECK(parse_decimal(text, 0.001, 1000).error().message ==
          appd::protocol::in_quotes(text) + " is not a number from 0.001 to 1000");
  }
}

TEST_CASE("quantity: what is printed is read back as the same") {
  for (const std::uint64_t bytes : {0ULL, 1ULL, 1000ULL, 1024ULL, 1536ULL, 16ULL << 20, 5ULL << 40,
                                    static_cast<unsigned long long>(INT64_MAX)}) {
    CHECK(parse_byte_size(print_byte_size(bytes)).value() == bytes);
  }
  for (const std::int64_t nanos :
       {0LL, 1LL, 999LL, 1'000LL, 1'500'000LL, 90'000'000'000LL, 3'600'000'000'000LL}) {
    const appd::reactor::Duration time(nanos);
    CHECK(parse_duration(print_duration(time)).value() == time);
  }
  CHECK(print_byte_size(16 << 20) == "16MiB");
  CHECK(print_byte_size(1000) == "1000");
  CHECK(print_duration(90s) == "90s");
  CHECK(print_duration(1500ms) == "1500ms");
}
