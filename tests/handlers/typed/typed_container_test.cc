#include <doctest/doctest.h>

#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "tests/handlers/typed/typed_fixture.h"

namespace appd::handlers::test {

namespace {

using Counts = std::map<std::string, int>;

}  // namespace

TEST_CASE("map: an object with any names, ordered as the map is") {
  CHECK(Typed(same<Counts>).json(R"({"b": 1, "a\n": 2})") == json_result(R"({"a\n": 2, "b": 1})"));
  CHECK(Typed(same<std::unordered_map<std::string, std::vector<bool>>>).json(R"({"x": [true]})") ==
        json_result(R"({"x": [true]})"));
  CHECK(Typed(same<std::map<std::string, Counts, std::less<>>>).json(R"({"x": {}})") ==
        json_result(R"({"x": {}})"));
}

TEST_CASE("map: what does not fit is named by its pointer, escaped") {
  CHECK(Typed(same<std::map<std::string, std::vector<bool>>>).json(R"({"a/~\"": [true, 1]})") ==
        refused(R"(a boolean at JSON pointer \"/value/a~1~0\"/1\", but an integer came: 1)"));
  CHECK(Typed(same<std::map<std::string, bool>>).json("[]") ==
        refused(R"(an object of booleans at JSON pointer \"/value\", but an array came: [])"));
}

TEST_CASE("map: a name that comes twice is refused, however it is written") {
  CHECK(Typed(same<std::map<std::string, bool>>).json(R"({"a": true, "\u0061": true})") ==
        refused(R"(an object of booleans, but \"/value/a\" came twice)"));
}

TEST_CASE("map: a name of the result that is not UTF-8 fails the call") {
  Typed bad([] { return Counts{{"\xff", 1}}; });
  CHECK(bad.without_value().status == Status::kInternal);
}

TEST_CASE("map: it has a schema and no binary form") {
  CHECK(ValueForm<std::map<std::string, bool>>::schema() ==
        R"({"type": "object", "additionalProperties": {"type": "boolean"}})");
  CHECK(Typed(same<std::map<std::string, bool>>).binary("x") ==
        refused("an object of booleans as text/json, but binary content came"));
}

}  // namespace appd::handlers::test
