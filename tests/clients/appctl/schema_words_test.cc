#include "appd/clients/appctl/schema_words.h"

#include <doctest/doctest.h>

#include <string>

namespace appd::clients {
namespace {

std::string words(std::string_view schema) {
  const auto json = protocol::JsonView::parse(schema);
  REQUIRE(json.has_value());
  return schema_words(*json);
}

TEST_CASE("schema words: a type, a range and anything at all") {
  CHECK(words("{}") == "any JSON value");
  CHECK(words(R"({"type": "string"})") == "a string");
  CHECK(words(R"({"type": "boolean"})") == "a boolean");
  CHECK(words(R"({"type": "integer"})") == "an integer");
  CHECK(words(R"({"type": "integer", "minimum": -5, "maximum": 5})") == "an integer from -5 to 5");
  CHECK(words(R"({"type": "integer", "minimum": -9223372036854775808,)"
              R"( "maximum": 9223372036854775807})") == "an integer of 64 bits");
  CHECK(words(R"({"type": "integer", "minimum": 0, "maximum": 18446744073709551615})") ==
        "an unsigned integer of 64 bits");
}

TEST_CASE("schema words: arrays and choices are told with what is in them") {
  CHECK(words(R"({"anyOf": [{"type": "string"}, {"type": "null"}]})") == "a string or null");
  CHECK(words(R"({"type": "array", "items": {"type": "array", "items": {"type": "number"}}})") ==
        "an array, each element an array, each element a number");
}

TEST_CASE("schema words: values of several parts say their parts") {
  CHECK(words(R"({"enum": ["red", "blue"]})") == R"(one of "red", "blue")");
  CHECK(words(R"({"type": "object", "additionalProperties": {"type": "boolean"}})") ==
        "an object, each member a boolean");
  CHECK(words(R"({"type": "array", "prefixItems": [{"type": "string"}, {}], "minItems": 2, )"
              R"("maxItems": 2})") == "an array of a string, any JSON value");
  CHECK(words(R"({"type": "object", "properties": {"key": {"type": "string"}, "ttl": {}}, )"
              R"("required": ["key"], "additionalProperties": false})") ==
        "an object with key: a string, ttl (may be missing): any JSON value");
}

TEST_CASE("schema words: a schema that says more stands there itself") {
  for (const char* schema :
       {R"({"type": "string", "enum": ["a", "b"]})", R"({"type": "strange"})", R"({"anyOf": []})",
        R"({"anyOf": [{}], "title": "x"})", R"({"type": "array", "items": {"type": 5}})",
        R"({"type": "integer", "minimum": 0, "maximum": 1.5})", "true", "[]", "\"string\""}) {
    CAPTURE(schema);
    CHECK(words(schema) == schema);
  }
}

TEST_CASE("schema words: hostile nesting is not followed") {
  std::string schema;
  for (int depth = 0; depth < 10'000; ++depth) schema += R"({"anyOf": [)";
  schema += "{}";
  for (int depth = 0; depth < 10'000; ++depth) schema += "]}";
  CHECK(words(schema) == schema);
}

}  // namespace
}  // namespace appd::clients
