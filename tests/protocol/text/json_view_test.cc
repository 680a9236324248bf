#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <random>
#include <string>

#include "appd/protocol/text/json.h"
#include "tests/protocol/bytes.h"

namespace appd::protocol {
namespace {

using namespace std::string_literals;

JsonView view_of(std::string_view text) {
  Result<JsonView> value = JsonView::parse(text);
  REQUIRE(value.has_value());
  return *value;
}

std::string decoded(std::string_view text) {
  std::string scratch = "left over";
  return std::string(view_of(text).string(scratch));
}

std::string encoded(std::string_view utf8) {
  std::string out;
  append_json_string(out, utf8);
  return out;
}

TEST_CASE("json view: a plain scalar is told in one pass, as parsing tells it") {
  for (const std::string_view text : {R"("")", R"("morpheus")", "\"é🐰\"", "0", "-1", "1.5e3"}) {
    CAPTURE(text);
    const auto plain = JsonView::plain_scalar(text);
    REQUIRE(plain.has_value());
    CHECK(plain->text() == text);
    CHECK(plain->kind() == view_of(text).kind());
  }
}

TEST_CASE("json view: what is no plain scalar, or more than one, is not taken for one") {
  for (const std::string_view text :
       {"", " ", "\"", "\"a", "a\"", R"("a""b")", R"("\n")", "\"\x01\"", "\"\xff\"", "1 ", " 1",
        "01", "-", "1.", "null", "[]", "1,2"}) {
    CAPTURE(text);
    CHECK_FALSE(JsonView::plain_scalar(text).has_value());
  }
}

TEST_CASE("json view: each value knows its kind") {
  CHECK(view_of("null").kind() == JsonKind::kNull);
  CHECK(view_of("true").kind() == JsonKind::kBool);
  CHECK(view_of("-12").kind() == JsonKind::kInteger);
  CHECK(view_of("41.0").kind() == JsonKind::kFraction);
  CHECK(view_of("1e2").kind() == JsonKind::kFraction);
  CHECK(view_of("1E2").kind() == JsonKind::kFraction);
  CHECK(view_of("\"1\"").kind() == JsonKind::kString);
  CHECK(view_of("[1.5]").kind() == JsonKind::kArray);
  CHECK(view_of("{\"a\": 1}").kind() == JsonKind::kObject);
}

TEST_CASE("json view: white space around the value is not part of it") {
  CHECK(view_of(" \r\n\t[ 1 ]\n").text() == "[ 1 ]");
  CHECK(view_of("  17  ").text() == "17");
}

TEST_CASE("json view: true is true") {
  CHECK(view_of("true").is_true());
  CHECK_FALSE(view_of("false").is_true());
  CHECK_FALSE(view_of("\"true\"").is_true());
}

TEST_CASE("json view: integers reach to the ends of 64 bits and no further") {
  CHECK(*view_of("0").integer() == 0);
  CHECK(*view_of("-0").integer() == 0);
  CHECK(*view_of("9223372036854775807").integer() == std::numeric_limits<std::int64_t>::max());
  CHECK(*view_of("-9223372036854775808").integer() == std::numeric_limits<std::int64_t>::min());
  for (std::string_view text : {"9223372036854775808", "-9223372036854775809",
                                "18446744073709551616", "99999999999999999999999999999999"}) {
    Result<std::int64_t> value = view_of(text).integer();
    REQUIRE_FALSE(value.has_value());
    CHECK(status_of(value.error()) == Status::kOutOfRange);
  }
}

TEST_CASE("json view: numbers round to the nearest double") {
  CHECK(view_of("0.1").number() == 0.1);
  CHECK(view_of("-17").number() == -17.0);
  CHECK(view_of("9007199254740993").number() == 9007199254740992.0);
  CHECK(view_of("2.2250738585072011e-308").number() == 2.2250738585072011e-308);
  CHECK(view_of("1.7976931348623157e308").number() == std::numeric_limits<double>::max());
}

TEST_CASE("json view: what no double holds becomes infinity or zero, with its sign") {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  CHECK(view_of("1e400").number() == kInfinity);
  CHECK(view_of("-1e400").number() == -kInfinity);
  CHECK(view_of("1e99999999999999999999999").number() == kInfinity);
  CHECK(view_of(std::string(400, '9')).number() == kInfinity);
  CHECK(view_of("0." + std::string(100, '0') + "1e+900").number() == kInfinity);
  for (const std::string& text :
       {"1e-400"s, "-1e-400"s, "1e-99999999999999999999999"s, "0e99999999999999999999"s, "-0.0e-5"s,
        "0." + std::string(400, '0') + "1", std::string(100, '9') + "e-900"}) {
    CAPTURE(text);
    CHECK(view_of(text).number() == 0);
    CHECK(std::signbit(view_of(text).number()) == text.starts_with('-'));
  }
}

TEST_CASE("json view: a string without an escape is a view of the text") {
  std::string text = "\"caf\xc3\xa9\"";
  std::string scratch;
  CHECK(view_of(text).string(scratch).data() == text.data() + 1);
  CHECK(scratch.empty());
}

TEST_CASE("json view: every escape is decoded") {
  CHECK(decoded(R"("\" \\ \/ \b \f \n \r \t")") == "\" \\ / \b \f \n \r \t");
  CHECK(decoded(R"("\u0041\u00e9\u20aC\ud83d\udc30")") == "A\xc3\xa9\xe2\x82\xac\xf0\x9f\x90\xb0");
  CHECK(decoded(R"("a\u0000b")") == "a\0b"s);
  CHECK(decoded(R"("\uFFFF\u0080\u07ff\u0800")") == "\xef\xbf\xbf\xc2\x80\xdf\xbf\xe0\xa0\x80");
  CHECK(decoded(R"("\udbff\udfff\ud800\udc00")") == "\xf4\x8f\xbf\xbf\xf0\x90\x80\x80");
  CHECK(decoded(R"("\\u0041")") == "\\u0041");
}

TEST_CASE("json writing: escapes are those that Python writes") {
  CHECK(encoded("") == "\"\"");
  CHECK(encoded("a\"b\\c/") == R"("a\"b\\c/")");
  CHECK(encoded("\n\r\t\b\f") == R"("\n\r\t\b\f")");
  CHECK(encoded("\0\x01\x0b\x1f\x7f"s) == "\"\\u0000\\u0001\\u000b\\u001f\x7f\"");
  CHECK(encoded("caf\xc3\xa9 \xf0\x9f\x90\xb0\xe2\x80\xa8") ==
        "\"caf\xc3\xa9 \xf0\x9f\x90\xb0\xe2\x80\xa8\"");
}

TEST_CASE("json writing: a special character is found at every position of a long text") {
  for (std::size_t i = 0; i < 40; ++i) {
    for (char special : {'"', '\\', '\x1f', '\0', '\x01'}) {
      CAPTURE(i);
      std::string text(40, 'x');
      text[i] = special;
      CHECK(decoded(encoded(text)) == text);
      CHECK(encoded(text).size() > text.size() + 2);
    }
    for (char plain : {' ', '!', '#', '[', ']', '\x7f'}) {
      std::string text(40, '~');
      text[i] = plain;
      CHECK(encoded(text) == "\"" + text + "\"");
    }
  }
}

TEST_CASE("json writing: random texts read back the same") {
  for (unsigned seed = 0; seed < 2000; ++seed) {
    CAPTURE(seed);
    std::mt19937 random(seed);
    std::string text = testing::random_text(random, 60);
    CHECK(decoded(encoded(text)) == text);
  }
}

}  // namespace
}  // namespace appd::protocol
