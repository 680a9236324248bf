#include "appd/protocol/text/json_scan.h"

#include <doctest/doctest.h>

#include <random>
#include <string>
#include <utility>
#include <vector>

#include "appd/protocol/text/utf8.h"
#include "tests/protocol/bytes.h"

namespace appd::protocol {
namespace {

using internal::JsonMember;
using internal::scan_object;

bool takes(std::string_view text, std::size_t depth = 0) {
  std::vector<JsonMember> members;
  return scan_object(text, depth, members);
}

// What the fast scan does not take: too deep.
constexpr std::string_view kDeep = "[[[[[]]]]]";
static_assert(internal::kMostScannedDepth < 5);

TEST_CASE("flat objects: the usual header and request are taken") {
  CHECK(takes(R"({"byteorder": "little", "content-type": "text/json", )"
              R"("content-encoding": "utf-8", "content-length": 41})"));
  CHECK(takes(R"({"action": "search", "value": "morpheus"})"));
  CHECK(takes(R"( { "a" : -1.5e3 , "b":null,"c" :true, "d": false } )"));
  CHECK(takes(R"({"action": "echo", "value": "two\nlines, \u00e9 and \ud83d\udc30"})"));
  CHECK(takes("{}"));
}

TEST_CASE("flat objects: anything else is left to the full parser") {
  for (const char* text : {"",
                           "[]",
                           "1",
                           "{",
                           "}",
                           "{,}",
                           R"({"a"})",
                           R"({"a":})",
                           R"({"a":1,})",
                           R"({"a":1}x)",
                           R"({"a":[]})",
                           R"({"a":{}})",
                           R"({"a\n":1})",
                           R"({"a":"\x"})",
                           R"({"a":"\ud800"})",
                           R"({"a":01})",
                           R"({"a":+1})",
                           R"({"a":1.})",
                           R"({"a":nul})",
                           R"({"a":truex})",
                           R"({a:1})",
                           R"({"a":"b)",
                           R"({"a" 1})"}) {
    CAPTURE(text);
    CHECK_FALSE(takes(text));
  }
  CHECK_FALSE(takes(std::string_view("{\"a\":\"\0\"}", 9)));
}

// The full parser's view: it is asked with a member that the fast path does not take.
std::vector<std::pair<std::string, std::string>> parsed_members(std::string_view text) {
  std::string nested(text.substr(0, text.rfind('}')));
  nested += nested.find('"') == std::string::npos ? "\"nested\": " : ", \"nested\": ";
  nested.append(kDeep).append("}");
  REQUIRE_FALSE(takes(nested, internal::kMostScannedDepth));
  std::vector<std::pair<std::string, std::string>> members;
  JsonReader reader;
  const auto read = reader.read_object(nested, [&](std::string_view name, JsonView value) {
    members.emplace_back(
        name, std::string(value.text()) + '/' + std::string(json_kind_name(value.kind())));
  });
  REQUIRE(read.has_value());
  members.pop_back();
  return members;
}

TEST_CASE("nested values: as deep as allowed, and no deeper") {
  CHECK(takes(R"({"a": [], "b": {}, "c": [1, "x", null], "d": {"e": true}})", 1));
  CHECK_FALSE(takes(R"({"a": [[]]})", 1));
  CHECK(takes(R"({"a": [[], {"b": [-1.5]}]})", 3));
  CHECK_FALSE(takes(R"({"a": [[], {"b": [-1.5]}]})", 2));
  CHECK(takes(R"({"a": [[1], [2], [3]], "b": {"c": {}}})", 2));  // beside one another
  CHECK(takes(R"({"a": {"b": "two\nlines"}})", 1));
}

TEST_CASE("nested values: anything unusual in them is left to the full parser") {
  for (const char* text :
       {R"({"a": [})", R"({"a": ]})", R"({"a": [1,]})", R"({"a": [,1]})", R"({"a": [1 2]})",
        R"({"a": [1}})", R"({"a": {"b"}})", R"({"a": {"b":}})", R"({"a": {"b": 1,}})",
        R"({"a": {b: 1}})", R"({"a": {"b\n": 1}})", R"({"a": {"b": "\ud800"}})", R"({"a": {1: 1}})",
        R"({"a": [01]})", R"({"a": [nul]})", R"({"a": {"b": [1})", R"({"a": []x})"}) {
    CAPTURE(text);
    CHECK_FALSE(takes(text, internal::kMostScannedDepth));
  }
}

TEST_CASE("nested values: the limit of nesting counts however a text is read") {
  for (const std::size_t limit : {1U, 2U, 3U, 5U, 6U}) {
    JsonReader reader(limit);
    std::string value = "1";
    for (std::size_t depth = 0; depth < 7; ++depth) {
      CAPTURE(limit);
      CAPTURE(depth);
      const auto read = reader.read_object("{\"a\": " + value + "}", [](auto, auto) {});
      CHECK(read.has_value() == (depth + 1 <= limit));
      value = "[" + value + "]";
    }
  }
}

TEST_CASE("nested values: what is known as one is what the full parser takes") {
  CHECK(JsonView::plain_nested("[1, {\"a\": \"\xc3\xa9\"}]", 2)->kind() == JsonKind::kArray);
  CHECK(JsonView::plain_nested("{}", 1)->kind() == JsonKind::kObject);
  for (const char* text :
       {"", "1", "[", "[] ", " []", "[]]", "[[]]", "{\"a\": \"\xff\"}", "\"[]\""}) {
    CAPTURE(text);
    CHECK_FALSE(JsonView::plain_nested(text, 1));
  }
}

TEST_CASE("flat objects: whatever is taken, the full parser takes and reads alike") {
  const std::uint32_t seed = 5;
  CAPTURE(seed);
  std::mt19937 random(seed);
  const std::vector<std::string> parts = {"{",
                                          "}",
                                          "\"a\"",
                                          "\"b c\"",
                                          ":",
                                          ",",
                                          " ",
                                          "1",
                                          "-2.5",
                                          "1e5",
                                          "true",
                                          "null",
                                          "\"\xc3\xa9\"",
                                          "\"\"",
                                          "\"\\n\"",
                                          "[]",
                                          "false",
                                          "0",
                                          "[1,{}]",
                                          "{\"x\":[true]}"};
  int taken = 0;
  for (int i = 0; i < 60000; ++i) {
    std::string text = "{";
    // Members mostly in order, with a wrong part now and then.
    for (auto count = random() % 4; count > 0; --count) {
      text += parts[2 + random() % 2] + ":" + parts[7 + random() % 13];
      if (count > 1) text += ",";
      if (random() % 12 == 0) text += parts[random() % parts.size()];
    }
    text += "}";
    CAPTURE(text);
    std::vector<JsonMember> members;
    if (!scan_object(text, internal::kMostScannedDepth, members)) continue;
    ++taken;
    const auto expected = parsed_members(text);
    REQUIRE(members.size() == expected.size());
    for (std::size_t m = 0; m < members.size(); ++m) {
      CHECK(members[m].name.of(text) == expected[m].first);
      CHECK(std::string(members[m].value.slice.of(text)) + '/' +
                std::string(json_kind_name(members[m].value.kind)) ==
            expected[m].second);
    }
  }
  CHECK(taken > 1000);
}

}  // namespace
}  // namespace appd::protocol
