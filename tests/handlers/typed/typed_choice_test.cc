#include <doctest/doctest.h>

#include <vector>

#include "tests/handlers/typed/typed_fixture.h"

namespace appd::handlers::test {

namespace paint {

enum class Color { kRed, kBlue, kSecret };
APPD_NAMES(Color, {kRed, "red"}, {kBlue, "blue"});

struct Wall {
  enum Side { kLeft, kRight };
  Side side = kLeft;
};
APPD_NAMES(Wall::Side, {kLeft, "left"}, {kRight, "right"});
APPD_FIELDS(Wall, side);

}  // namespace paint

using paint::Color;

TEST_CASE("choice: an enumeration is one of its names, as JSON and as bytes") {
  CHECK(Typed(same<Color>).json(R"("blue")") == json_result(R"("blue")"));
  CHECK(Typed(same<Color>).json(R"("\u0072ed")") == json_result(R"("red")"));
  CHECK(Typed(same<Color>).binary("red") == binary_result("red"));
  CHECK(Typed(same<paint::Wall>).json(R"({"side": "right"})") ==
        json_result(R"({"side": "right"})"));
}

TEST_CASE("choice: another string, and what is no string, is refused with the names") {
  CHECK(Typed(same<Color>).json(R"("green")") ==
        refused(R"(one of \"red\", \"blue\" at JSON pointer \"/value\", )"
                R"(but a string came: \"green\")"));
  CHECK(Typed(same<std::vector<Color>>).json(R"(["red", 1])") ==
        refused(R"(one of \"red\", \"blue\" at JSON pointer \"/value/1\", )"
                R"(but an integer came: 1)"));
  CHECK(Typed(same<Color>).binary("re") ==
        refused(R"(one of \"red\", \"blue\", but other bytes came)"));
  CHECK(
      Typed(same<Color>, "act", {.plain_refusals = true}).json(R"("green")") ==
      error(Status::kInvalidArgument, R"(act takes one of \"red\", \"blue\", not another string)"));
}

TEST_CASE("choice: a result without a name fails the call") {
  Typed secret([] { return Color::kSecret; });
  CHECK(secret.without_value().status == Status::kInternal);
  CHECK(secret.caller.detail == R"(a value of the result is not one of "red", "blue")");
}

TEST_CASE("choice: the schema lists the names") {
  CHECK(ValueForm<Color>::schema() == R"({"enum": ["red", "blue"]})");
}

}  // namespace appd::handlers::test
