#include <doctest/doctest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tests/handlers/typed/typed_fixture.h"

using namespace std::literals;

namespace appd::handlers::test {

namespace shop {

struct Set {
  std::string key, value;
  std::optional<std::int64_t> ttl_ms;
};
APPD_FIELDS(Set, key, value, ttl_ms);

struct Batch {
  std::vector<Set> sets;
  bool atomic = false;
};
APPD_FIELDS(Batch, sets, atomic);

struct Point {
  double x = 0;
  std::int32_t layer = 0;
  bool visible = false;
};
APPD_FIELDS(Point, x, layer, visible);

struct View {
  std::string_view text;
};
APPD_FIELDS(View, text);

struct Wide {
  int a0 = 0, a1 = 1, a2 = 2, a3 = 3, a4 = 4, a5 = 5, a6 = 6, a7 = 7, a8 = 8, a9 = 9, b0 = 10,
      b1 = 11, b2 = 12, b3 = 13, b4 = 14, b5 = 15, b6 = 16, b7 = 17, b8 = 18, b9 = 19, c0 = 20,
      c1 = 21, c2 = 22, c3 = 23, c4 = 24, c5 = 25, c6 = 26, c7 = 27, c8 = 28, c9 = 29, d0 = 30,
      d1 = 31, d2 = 32, d3 = 33;
};
APPD_FIELDS(Wide, a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, b0, b1, b2, b3, b4, b5, b6, b7, b8, b9,
            c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, d0, d1, d2, d3);

}  // namespace shop

using shop::Batch;
using shop::Point;
using shop::Set;

namespace {

const std::string kSetWords = R"(an object with key, value and perhaps ttl_ms)";

}  // namespace

TEST_CASE("struct: members come in any order, and go in that of APPD_FIELDS") {
  CHECK(Typed(same<Set>).json(R"({"ttl_ms": 5, "value": "v", "key": "k"})") ==
        json_result(R"({"key": "k", "value": "v", "ttl_ms": 5})"));
  CHECK(Typed(same<Set>).json(R"({ "k\u0065y" : "\n" ,"value":""})") ==
        json_result(R"({"key": "\n", "value": ""})"));
}

TEST_CASE("struct: an optional member may be missing or null, and is left out of a result") {
  const Answer without = json_result(R"({"key": "k", "value": "v"})");
  CHECK(Typed(same<Set>).json(R"({"key": "k", "value": "v"})") == without);
  CHECK(Typed(same<Set>).json(R"({"key": "k", "value": "v", "ttl_ms": null})") == without);
}

TEST_CASE("struct: they nest, and what does not fit is named by its pointer") {
  Typed batch(same<Batch>);
  CHECK(batch.json(R"({"atomic": true, "sets": [{"key": "k", "value": "v"}]})") ==
        json_result(R"({"sets": [{"key": "k", "value": "v"}], "atomic": true})"));
  CHECK(batch.json(R"({"sets": [{"key": "k", "value": "v", "ttl_ms": "x"}], "atomic": true})") ==
        refused(R"(an integer at JSON pointer \"/value/sets/0/ttl_ms\", )"
                R"(but a string came: \"x\")"));
  CHECK(batch.json(R"({"sets": [1], "atomic": true})") ==
        refused(kSetWords + R"( at JSON pointer \"/value/sets/0\", but an integer came: 1)"));
}

TEST_CASE("struct: a member that is missing, unknown or there twice is refused by its name") {
  Typed set(same<Set>);
  const std::string begin = kSetWords + R"( at JSON pointer \"/value\", but )";
  CHECK(set.json(R"({"key": "k", "ttl_ms": 1})") ==
        refused(begin + R"(there is no \"/value/value\")"));
  CHECK(set.json(R"({"key": "k", "ttl": 1, "value": "v"})") ==
        refused(begin + R"(\"/value/ttl\" is not one of them)"));
  CHECK(set.json(R"({"key": "k", "value": "v", "key": "k"})") ==
        refused(begin + R"(\"/value/key\" came twice)"));
  CHECK(set.without_value() ==
        refused(kSetWords + R"( at JSON pointer \"/value\", but there is no \"value\")"));
}

TEST_CASE("struct: the pointer to an unknown member is escaped, and of a long one the beginning") {
  const std::string begin = kSetWords + R"( at JSON pointer \"/value\", but )";
  CHECK(Typed(same<Set>).json(R"({"a/b~": 1})") ==
        refused(begin + R"(\"/value/a~1b~0\" is not one of them)"));
  CHECK(Typed(same<Set>).json("{\"" + std::string(100, 'x') + "\": 1}") ==
        refused(begin + R"(\"/value/)" + std::string(40, 'x') + R"(...\" is not one of them)"));
}

TEST_CASE("struct: a plain refusal is one sentence") {
  Typed plain(same<Set>, "act", {.plain_refusals = true});
  CHECK(plain.json("[]") ==
        error(Status::kInvalidArgument, "act takes " + kSetWords + ", not an array"));
  CHECK(plain.json(R"({"key": "k"})") ==
        error(Status::kInvalidArgument,
              "act takes " + kSetWords + R"(, but there is no \"/value/value\")"));
}

TEST_CASE("struct: members of fixed widths are binary content, one behind the other") {
  Typed point(same<Point>);
  const auto bytes = "\x3f\xe0\0\0\0\0\0\0\xff\xff\xff\xfe\1"sv;
  CHECK(point.binary(bytes) == binary_result(bytes));
  CHECK(Typed(same<Point>).json(R"({"visible": true, "layer": -2, "x": 0.5})") ==
        json_result(R"({"x": 0.5, "layer": -2, "visible": true})"));
  CHECK(point.binary("1") ==
        refused("13 bytes, one value behind the other: x: 8 bytes, an IEEE 754 binary64 number in "
                "network order; layer: 4 bytes, a 32-bit integer in network order; visible: "
                "1 byte, 0 or 1, but 1 byte came"));
  CHECK(Typed(same<std::vector<Point>>).binary(std::string(bytes) + std::string(bytes)) ==
        binary_result(std::string(bytes) + std::string(bytes)));
  CHECK(Typed(same<Set>).binary("x") ==
        refused(kSetWords + " as text/json, but binary content came"));
}

TEST_CASE("struct: a value of the result that has no JSON form fails the call") {
  Typed bad([] { return Set{"k", "\xff", 5}; });
  CHECK(bad.without_value().status == Status::kInternal);
  CHECK(bad.caller.detail == "text of the result is not UTF-8");
}

TEST_CASE("struct: the schema has the members, which are needed, and that there are no others") {
  CHECK(ValueForm<Set>::schema() ==
        R"({"type": "object", "properties": {"key": {"type": "string"}, )"
        R"("value": {"type": "string"}, "ttl_ms": {"anyOf": [{"type": "integer", )"
        R"("minimum": -9223372036854775808, "maximum": 9223372036854775807}, {"type": "null"}]}}, )"
        R"("required": ["key", "value"], "additionalProperties": false})");
  CHECK(Json::parse(ValueForm<Batch>::schema()));
}

TEST_CASE("struct: it has room for many members") {
  std::string text;
  REQUIRE(ValueForm<shop::Wide>::append_json(text, {}));
  CHECK(text.ends_with(R"("d3": 33})"));
  CHECK(Typed(same<shop::Wide>).json(text) == json_result(text));
}

TEST_CASE("struct: one with a view borrows, one that owns its members does not") {
  CHECK(kBorrows<shop::View>);
  CHECK(kBorrows<std::vector<shop::View>>);
  CHECK_FALSE(kBorrows<Batch>);
  CHECK(Typed(same<shop::View>).json(R"({"text": "a\tb"})") == json_result(R"({"text": "a\tb"})"));
}

}  // namespace appd::handlers::test
