#include "appd/clients/appctl/description_page.h"

#include <doctest/doctest.h>

#include <sstream>
#include <string>

namespace appd::clients {
namespace {

constexpr std::string_view kDouble =
    R"({"name": "double", "summary": "twice an integer",)"
    R"( "argument": {"type": "integer", "minimum": -9223372036854775808,)"
    R"( "maximum": 9223372036854775807}, "result": {"type": "integer"},)"
    R"( "binary-argument": "4 bytes, a 32-bit integer in network order", "binary-result": null,)"
    R"( "content-types": ["text/json", "binary"],)"
    R"( "limits": {"max-content": 16, "time-limit-ms": 5},)"
    R"( "examples": [{"value": 2, "result": 4}, {"result": "a  \" b"}]})";

// As little as a description may say; `more` begins with ", ".
std::string small(std::string_view more) {
  return R"({"name": "a", "summary": "", "argument": {}, "result": {})" + std::string(more) + "}";
}

TEST_CASE("description: a page says everything, in the order of a caller's questions") {
  CHECK(description_page(kDouble) ==
        "double - twice an integer\n"
        "  takes     an integer of 64 bits; as binary content: 4 bytes, a 32-bit integer\n"
        "            in network order\n"
        "  gives     an integer\n"
        "  content   text/json, binary\n"
        "  limits    max-content 16, time-limit-ms 5\n"
        "  example   double 2\n"
        "            -> 4\n"
        "            double\n"
        "            -> \"a  \\\" b\"\n");
}

TEST_CASE("description: several are pages with a line between them") {
  const std::string page = small(R"(, "content-types": ["text/json"])");
  CHECK(description_page("[" + page + ", " + page + "]") ==
        "a\n  takes     any JSON value\n  gives     any JSON value\n  content   text/json\n\n"
        "a\n  takes     any JSON value\n  gives     any JSON value\n  content   text/json\n");
}

TEST_CASE("description: an action that takes the request itself takes any content") {
  const auto page = description_page(small(R"(, "content-types": ["text/json", "binary"])"));
  REQUIRE(page);
  CHECK(page->find("takes     any JSON value; any binary content\n") != std::string::npos);
}

TEST_CASE("description: one that takes binary content alone says nothing of JSON") {
  const auto page =
      description_page(small(R"(, "content-types": ["binary"], "binary-argument": "any bytes")"));
  REQUIRE(page);
  CHECK(page->find("takes     as binary content: any bytes\n") != std::string::npos);
}

TEST_CASE("description: lines keep to the columns, counted in characters") {
  std::string summary;
  for (int i = 0; i < 60; ++i) summary += i % 2 == 0 ? "b\xc3\xa4r " : "\xf0\x9f\x90\xb6 ";
  const auto page = description_page(R"({"name": "a", "summary": ")" + summary +
                                     R"(", "argument": {}, "result": {}})");
  REQUIRE(page);
  std::istringstream lines(*page);
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    std::size_t characters = 0;
    for (const char c : line) characters += (static_cast<unsigned char>(c) & 0xc0) != 0x80;
    CHECK(characters <= kPageColumns);
    CHECK(line.back() != ' ');
  }
  CHECK(count == 4);
}

TEST_CASE("description: a word longer than a line is not broken") {
  const std::string word(200, 'x');
  const auto page = description_page(R"({"name": "a", "summary": "b )" + word +
                                     R"( c", "argument": {}, "result": {}})");
  REQUIRE(page);
  CHECK(page->starts_with("a - b\n    " + word + "\n    c\n"));
}

TEST_CASE("description: what a terminal would obey becomes spaces") {
  const auto page = description_page(
      R"({"name": "a\u001b[2J", "summary": "x\ny\u009bz", "argument": {}, "result": {},)"
      R"( "examples": [{"value": "\u001b", "result": )"
      "\"\x7f\xc2\x9b\"}]}");
  REQUIRE(page);
  CHECK(page->starts_with("a [2J - x y z\n"));
  CHECK(page->find(R"("\u001b")") != std::string::npos);  // JSON, as it came
  CHECK(page->find("-> \"  \"\n") != std::string::npos);
}

TEST_CASE("description: what is none is left alone") {
  for (const char* other : {"1", "\"text\"", "[]", "{}", "null", "[1]", R"({"name": "a"})",
                            R"([{"name": 1, "summary": "", "argument": {}, "result": {}}])", "{"}) {
    CAPTURE(other);
    CHECK_FALSE(description_page(other).has_value());
  }
}

TEST_CASE("description: members of another kind than expected are passed over") {
  const auto page = description_page(
      small(R"(, "content-types": {}, "limits": [], "examples": [5, {"value": 1}], )"
            R"("binary-argument": 7)"));
  CHECK(page == "a\n  gives     any JSON value\n");
}

}  // namespace
}  // namespace appd::clients
