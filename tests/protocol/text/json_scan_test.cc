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
using internal::scan_flat_object;

bool takes(std::string_view text) {
  std::vector<JsonMember> members;
  return scan_flat_object(text, members);
}

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
  nested += nested.find('"') == std::string::npos ? "\"nested\": []}" : ", \"nested\": []}";
  REQUIRE_FALSE(takes(nested));
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

TEST_CASE("flat objects: whatever is taken, the full parser takes and reads alike") {
  const std::uint32_t seed = 5;
  CAPTURE(seed);
  std::mt19937 random(seed);
  const std::vector<std::string> parts = {
      "{",   "}",    "\"a\"", "\"b c\"",      ":",    ",",       " ",  "1",     "-2.5",
      "1e5", "true", "null",  "\"\xc3\xa9\"", "\"\"", "\"\\n\"", "[]", "false", "0"};
  int taken = 0;
  for (int i = 0; i < 60000; ++i) {
    std::string text = "{";
    // Members mostly in order, with a wrong part now and then.
    for (auto count = random() % 4; count > 0; --count) {
      text += parts[2 + random() % 2] + ":" + parts[7 + random() % 11];
      if (count > 1) text += ",";
      if (random() % 12 == 0) text += parts[random() % parts.size()];
    }
    text += "}";
    CAPTURE(text);
    std::vector<JsonMember> members;
    if (!scan_flat_object(text, members)) continue;
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
