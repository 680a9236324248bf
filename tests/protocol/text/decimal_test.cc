#include "appd/protocol/text/decimal.h"

#include <doctest/doctest.h>

#include <cmath>
#include <random>
#include <string>
#include <string_view>

namespace appd::protocol {
namespace {

TEST_CASE("decimal: strtod reads what from_chars reads, bit by bit") {
  for (const std::string& text :
       {std::string("0"), std::string("-0"), std::string("-0.0e-5"), std::string("0.1"),
        std::string("9007199254740993"), std::string("2.2250738585072011e-308"),
        std::string("4.9e-324"), std::string("2e-324"), std::string("1.7976931348623157e308"),
        std::string("1.7976931348623159e308"), std::string("-1e400"), std::string("-1e-400"),
        std::string("1e99999999999999999999999"), std::string("1e-99999999999999999999999"),
        std::string("0e99999999999999999999"), std::string(400, '9'),
        "0." + std::string(400, '0') + "1", std::string(100, '9') + "E-900"}) {
    CAPTURE(text);
    CHECK(nearest_double_by_strtod(text) == nearest_double(text));
    CHECK(std::signbit(nearest_double_by_strtod(text)) == std::signbit(nearest_double(text)));
  }
}

TEST_CASE("decimal: strtod reads any digits as from_chars does") {
  std::mt19937_64 random(20);
  for (int round = 0; round < 2000; ++round) {
    std::string text = std::to_string(random());
    text.insert(1 + random() % (text.size() - 1), ".");
    text += 'e' + std::to_string(static_cast<int>(random() % 700) - 350);
    CAPTURE(text);
    CHECK(nearest_double_by_strtod(text) == nearest_double(text));
  }
}

TEST_CASE("decimal: only the number's own characters are read") {
  const std::string_view text = "1.5e12345";
  CHECK(nearest_double(text.substr(0, 5)) == 15.0);
  CHECK(nearest_double_by_strtod(text.substr(0, 5)) == 15.0);
}

}  // namespace
}  // namespace appd::protocol
