#include <doctest/doctest.h>

#include <array>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "tests/handlers/typed/typed_fixture.h"

using namespace std::literals;

namespace appd::handlers::test {

namespace {

using Entry = std::pair<std::string, bool>;

}  // namespace

TEST_CASE("tuple: an array of just so many elements") {
  CHECK(Typed(same<Entry>).json(R"([ "a", true ])") == json_result(R"(["a", true])"));
  CHECK(Typed(same<std::tuple<bool, Entry, double>>).json(R"([true,["a",false],1])") ==
        json_result(R"([true, ["a", false], 1.0])"));
  CHECK(Typed(same<std::array<bool, 3>>).json("[true, false, true]") ==
        json_result("[true, false, true]"));
  CHECK(Typed(same<std::tuple<>>).json("[]") == json_result("[]"));
}

TEST_CASE("tuple: a wrong element is named by its pointer, a wrong number of them is told") {
  const std::string begin = R"(an array of a string, a boolean at JSON pointer \"/value\", but )";
  CHECK(Typed(same<Entry>).json(R"(["a", 1])") ==
        refused(R"(a boolean at JSON pointer \"/value/1\", but an integer came: 1)"));
  CHECK(Typed(same<Entry>).json(R"(["a"])") == refused(begin + "only 1 came"));
  CHECK(Typed(same<Entry>).json(R"(["a", true, 1])") == refused(begin + "more came"));
  CHECK(Typed(same<Entry>).json("{}") == refused(begin + "an object came: {}"));
}

TEST_CASE("tuple: elements of fixed widths are binary content, one behind the other") {
  CHECK(Typed(same<std::pair<bool, std::uint32_t>>).binary("\1\0\0\0\5"sv) ==
        binary_result("\1\0\0\0\5"sv));
  CHECK(Typed(same<std::array<bool, 2>>).binary("\1") ==
        refused("2 bytes, one value behind the other: 1 byte, 0 or 1; 1 byte, 0 or 1, "
                "but 1 byte came"));
  CHECK_FALSE(ValueForm<Entry>::kBinary);
}

TEST_CASE("tuple: the schema has each element's own") {
  CHECK(ValueForm<Entry>::schema() ==
        R"({"type": "array", "prefixItems": [{"type": "string"}, {"type": "boolean"}], )"
        R"("minItems": 2, "maxItems": 2})");
}

}  // namespace appd::handlers::test
