#include "appd/protocol/text/json.h"

#include <doctest/doctest.h>

#include <random>
#include <string>
#include <utility>
#include <vector>

#include "appd/protocol/text/utf8.h"
#include "tests/protocol/bytes.h"

namespace appd::protocol {
namespace {

using namespace std::string_literals;
using Members = std::vector<std::pair<std::string, std::string>>;

bool accepts(std::string_view text) { return JsonView::parse(text).has_value(); }

std::string parse_error(std::string_view text) {
  Result<JsonView> value = JsonView::parse(text);
  if (value) return "accepted";
  CHECK(status_of(value.error()) == Status::kInvalidContent);
  return value.error().message;
}

// Name and value text of each member.
Members members_of(JsonReader& reader, std::string_view text) {
  Members members;
  Result<void> read = reader.read_object(text, [&](std::string_view name, JsonView value) {
    members.emplace_back(name, value.text());
  });
  INFO(text);
  CHECK(read.has_value());
  return members;
}

TEST_CASE("json: what RFC 8259 allows is accepted") {
  for (std::string_view text : {"{}",
                                "[]",
                                "0",
                                "-0",
                                "-1",
                                "10",
                                "1.5",
                                "-0.0",
                                "1e5",
                                "1E+5",
                                "1e-5",
                                "1.25e10",
                                "1e400",
                                "-1e-400",
                                "1e999999999999999999999",
                                "123456789012345678901234567890123456789012345",
                                "\"\"",
                                "\"a\"",
                                "true",
                                "false",
                                "null",
                                " \t\r\n 1 \t\r\n ",
                                "[1, 2 ,3]",
                                "[[],[[]]]",
                                "{\"a\":1,\"a\":2}",
                                "{\"\":[{\"b\":null}]}",
                                "\"\\u0000\\b\\f\\n\\r\\t\\\"\\\\\\/\"",
                                "\"\\uD83D\\udc30\"",
                                "\"\\ud7ff\\uE000\\uffff\"",
                                "\"\x7f\xc2\x80\xf4\x8f\xbf\xbf\"",
                                "[\"[{,:]}\"]"}) {
    CAPTURE(std::string(text));
    CHECK(accepts(text));
  }
}

TEST_CASE("json: what RFC 8259 does not allow is refused") {
  for (std::string_view text : {"",
                                " ",
                                "{",
                                "}",
                                "[",
                                "]",
                                "[1",
                                "[1,",
                                "[1,]",
                                "[,1]",
                                "[1 2]",
                                "{\"a\"}",
                                "{\"a\":}",
                                "{\"a\":1,}",
                                "{a:1}",
                                "{1:1}",
                                "{\"a\" 1}",
                                "{\"a\":1 \"b\":2}",
                                "{,}",
                                "[}",
                                "{]",
                                "1 2",
                                "{}{}",
                                "{} x",
                                "nul",
                                "nulll",
                                "True",
                                "NaN",
                                "Infinity",
                                "-Infinity",
                                "-",
                                "+1",
                                "01",
                                "-01",
                                "00",
                                ".5",
                                "1.",
                                "1.e5",
                                "1e",
                                "1e+",
                                "0x1",
                                "1_000",
                                "--1",
                                "1e1.5",
                                "'a'",
                                "\"a",
                                "\"\\\"",
                                "\"\\x\"",
                                "\"\\u12\"",
                                "\"\\u12g4\"",
                                "\"\\",
                                "/* */ 1",
                                "1 // x",
                                "\"\t\"",
                                "\"\n\"",
                                "\"\x1f\"",
                                "\"\x1a\"",
                                "\"0123456789abcdef\x1b\"",
                                "tru",
                                "[tru]",
                                ":",
                                ",",
                                "\xef\xbb\xbf{}",
                                "[1]]",
                                "\"a\"b"}) {
    CAPTURE(std::string(text));
    CHECK_FALSE(accepts(text));
  }
}

TEST_CASE("json: a NUL byte is an error wherever it stands") {
  std::string text = R"({"a": [1, "b", true], "c": {}})";
  for (std::size_t i = 0; i <= text.size(); ++i) {
    CAPTURE(i);
    std::string with_nul = text;
    with_nul.insert(i, 1, '\0');
    CHECK_FALSE(accepts(with_nul));
  }
}

TEST_CASE("json: half a surrogate pair is refused, in values, in names, at any depth") {
  for (std::string_view half : {"\\ud800", "\\udbff", "\\udc00", "\\uDFFF", "\\ud83dx",
                                "\\ud83d\\n", "\\ud83d\\ud83d", "\\udc30\\ud83d", "x\\uDc00y"}) {
    CAPTURE(std::string(half));
    std::string string = "\"" + std::string(half) + "\"";
    CHECK_FALSE(accepts(string));
    CHECK_FALSE(accepts("{" + string + ": 1}"));
    CHECK_FALSE(accepts("[[{\"a\": [" + string + "]}]]"));
  }
}

TEST_CASE("json: invalid UTF-8 is refused") {
  CHECK(parse_error("{\"a\": \"\xff\"}") == "invalid UTF-8 at byte 7");
  CHECK(parse_error("[\"\xed\xa0\x80\"]") == "invalid UTF-8 at byte 2");
}

TEST_CASE("json: an error says what is wrong, and where") {
  CHECK(parse_error("") == "a value is missing at byte 0");
  CHECK(parse_error("{\"a\": 1 \"b\": 2}") == "a comma or } is missing at byte 8");
  CHECK(parse_error("[1 2]") == "a comma or ] is missing at byte 3");
  CHECK(parse_error("{\"a\" 1}") == "a colon is missing at byte 5");
  CHECK(parse_error("{a: 1}") == "a member's name in double quotes is missing at byte 1");
  CHECK(parse_error("{} {}") == "something stands behind the value at byte 3");
  CHECK(parse_error("{}\0"s) == "something stands behind the value at byte 2");
  CHECK(parse_error("17 \0"s) == "something stands behind the value at byte 3");
  CHECK(parse_error("\"abc") == "a string is not closed at byte 4");
  CHECK(parse_error("\"a\nc\"") ==
        "a control character in a string, which needs an escape, at byte 2");
  CHECK(parse_error("\"a\\qc\"") == "an unknown escape in a string at byte 2");
  CHECK(parse_error("[\"\\uD800\"]") == "half a surrogate pair at byte 2");
  CHECK(parse_error("[\"\\udc00\"]") == "half a surrogate pair at byte 1");
  CHECK(parse_error("[1.]") == "digits are missing behind a decimal point at byte 3");
  CHECK(parse_error("[1e]") == "digits are missing in an exponent at byte 3");
}

TEST_CASE("json: members come in order with their names decoded and their values as sent") {
  JsonReader reader;
  CHECK(members_of(reader,
                   " { \"a\" : 1.50 , \"b\\u00e9\\n\" : [ 1 , {\"x\": 2} ] ,\"\": \"\\u0041\" "
                   ",\"a\":{ },\"e\":null,\"f\" :-0 } ") ==
        Members{{"a", "1.50"},
                {"b\xc3\xa9\n", "[ 1 , {\"x\": 2} ]"},
                {"", "\"\\u0041\""},
                {"a", "{ }"},
                {"e", "null"},
                {"f", "-0"}});
  CHECK(members_of(reader, "{}").empty());
}

TEST_CASE("json: members of inner objects are not reported") {
  JsonReader reader;
  CHECK(members_of(reader, R"({"o": {"i": {"j": 1}, "k": 2}, "l": [{"m": 3}]})") ==
        Members{{"o", R"({"i": {"j": 1}, "k": 2})"}, {"l", R"([{"m": 3}])"}});
}

TEST_CASE("json: an object that is malformed at its end causes no call") {
  JsonReader reader;
  int calls = 0;
  auto count = [&calls](std::string_view, const JsonView&) { ++calls; };
  CHECK_FALSE(reader.read_object(R"({"a": 1, "b": 2)", count).has_value());
  CHECK_FALSE(reader.read_object(R"({"a": 1} x)", count).has_value());
  CHECK_FALSE(reader.read_object("{\"a\": 1, \"b\": \"\xff\"}", count).has_value());
  CHECK(calls == 0);
}

TEST_CASE("json: what is not an object is named") {
  JsonReader reader;
  auto error = [&reader](std::string_view text) {
    Result<void> read = reader.read_object(
        text, [](std::string_view, const JsonView&) { FAIL("a member of something else"); });
    return read ? "accepted" : read.error().message;
  };
  CHECK(error("[{\"a\": 1}]") == "a JSON object is needed, not an array");
  CHECK(error("\"{}\"") == "a JSON object is needed, not a string");
  CHECK(error("1") == "a JSON object is needed, not an integer");
  CHECK(error("1.5") == "a JSON object is needed, not a number");
  CHECK(error("null") == "a JSON object is needed, not null");
  CHECK(error("true") == "a JSON object is needed, not a boolean");
}

TEST_CASE("json: a reader works on after an error, a large text and a move") {
  JsonReader reader;
  CHECK_FALSE(reader.read_value("[[[\"\\u0041").has_value());
  CHECK(members_of(reader, "{\"a\": 1}") == Members{{"a", "1"}});
  std::string large = "{\"a\": " + std::string(100'000, '[') + std::string(100'000, ']') + "}";
  CHECK(members_of(reader, large).size() == 1);
  JsonReader moved = std::move(reader);
  CHECK(members_of(moved, "{\"b\": 2}") == Members{{"b", "2"}});
}

TEST_CASE("json: an object with very many members is read whole") {
  std::string text = "{\"\":0";
  for (int i = 1; i < 200'000; ++i) text += ",\"\":0";
  text += "}";
  JsonReader reader;
  CHECK(members_of(reader, text).size() == 200'000);
}

TEST_CASE("json: members beyond the first batch are like those in it") {
  const std::string one =
      R"( "a\u0062" : [1, {"x": "]}\""}] , "s":"q\"" ,"n" :-1.5e3, "t":true,"o":{ },"z": null)";
  std::string text = "{" + one;
  for (int i = 1; i < 1000; ++i) text += "," + one;
  text += " }";
  JsonReader reader;
  const Members all = members_of(reader, text);
  const Members first = members_of(reader, "{" + one + "}");
  REQUIRE(all.size() == 6000);
  for (std::size_t i = 0; i < all.size(); ++i) REQUIRE(all[i] == first[i % 6]);
}

TEST_CASE("json: an object of exactly one batch of members is read whole") {
  for (const std::size_t count : {std::size_t{1023}, std::size_t{1024}, std::size_t{1025}}) {
    std::string text = "{\"a\":[]";
    for (std::size_t i = 1; i < count; ++i) text += ",\"b\":0";
    text += "}";
    JsonReader reader;
    CHECK(members_of(reader, text).size() == count);
  }
}

TEST_CASE("json: nesting up to the limit is taken, one more is refused where it is") {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  JsonReader reader(1000);
  CHECK(reader.read_value(nested(1000)).has_value());
  const Result<JsonView> refused = reader.read_value(nested(1001));
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().message ==
        "more than 1000 arrays and objects within one another at byte 1000");
  CHECK(reader.read_value(nested(1000)).has_value());
  CHECK_FALSE(reader.read_object("{\"a\":" + nested(1000) + "}", [](auto, auto) {}).has_value());
  CHECK(reader.read_object("{\"a\":" + nested(999) + "}", [](auto, auto) {}).has_value());
  CHECK(JsonReader(1).read_object("{\"a\": 1}", [](auto, auto) {}).has_value());
}

// Recursion would overflow the stack, starting over would not end within the test's time.
TEST_CASE("json: a million levels are parsed in proportion to their number, more are refused") {
  const std::string text = std::string(kMostNesting, '[') + std::string(kMostNesting, ']');
  JsonReader reader;
  Result<JsonView> value = reader.read_value(text);
  REQUIRE(value.has_value());
  CHECK(value->kind() == JsonKind::kArray);
  CHECK(value->text().size() == text.size());

  const std::string unclosed(std::size_t{16} * 1024 * 1024, '[');
  CHECK_FALSE(reader.read_value(unclosed).has_value());
}

TEST_CASE("json: a number of a million digits is passed on as it is") {
  std::string digits(1'000'000, '7');
  JsonReader reader;
  CHECK(members_of(reader, "{\"n\": " + digits + "}") == Members{{"n", digits}});
}

std::string random_value(std::mt19937& random, int depth) {
  auto below = [&random](unsigned limit) { return static_cast<unsigned>(random() % limit); };
  auto space = [&] { return std::string(below(3) == 0 ? " " : below(9) == 0 ? "\r\n\t" : ""); };
  switch (below(depth > 0 ? 8 : 5)) {
    case 0:
      return "null";
    case 1:
      return below(2) == 0 ? "true" : "false";
    case 2:
      return std::to_string(static_cast<int>(random()));
    case 3:
      return std::to_string(static_cast<int>(random())) + "." + std::to_string(below(1000)) + "e-" +
             std::to_string(below(500));
    case 4: {
      std::string text;
      append_json_string(text, testing::random_text(random, 20));
      return text;
    }
    case 5:
    case 6: {
      std::string text = "[";
      for (unsigned i = below(4); i > 0; --i) {
        text += space() + random_value(random, depth - 1) + space() + (i > 1 ? "," : "");
      }
      return text + "]";
    }
    default: {
      std::string text = "{";
      for (unsigned i = below(4); i > 0; --i) {
        text += space();
        append_json_string(text, testing::random_text(random, 5));
        text += space() + ":" + space() + random_value(random, depth - 1) + space();
        if (i > 1) text += ",";
      }
      return text + "}";
    }
  }
}

TEST_CASE("json: random objects give back the members they were made of") {
  JsonReader reader;
  for (unsigned seed = 0; seed < 1500; ++seed) {
    CAPTURE(seed);
    std::mt19937 random(seed);
    Members members;
    std::string text = "{";
    for (auto i = random() % 6; i > 0; --i) {
      members.emplace_back(testing::random_text(random, 8), random_value(random, 4));
      append_json_string(text, members.back().first);
      text += ": " + members.back().second + (i > 1 ? " , " : "\n");
    }
    text += "}";
    CHECK(members_of(reader, text) == members);
  }
}

TEST_CASE("json: a random text cut short is never accepted") {
  JsonReader reader;
  for (unsigned seed = 0; seed < 200; ++seed) {
    CAPTURE(seed);
    std::mt19937 random(seed);
    std::string text = "[" + random_value(random, 4) + "]";
    for (std::size_t size = 0; size < text.size(); ++size) {
      // A copy of its exact size: reading past it is seen by the sanitizer.
      std::vector<char> cut(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(size));
      CHECK_FALSE(reader.read_value({cut.data(), cut.size()}).has_value());
    }
  }
}

}  // namespace
}  // namespace appd::protocol
