#include "appd/protocol/text/json_array.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace appd::protocol {

namespace {

struct Element {
  std::string text;
  JsonKind kind;
  bool operator==(const Element&) const = default;
};

std::vector<Element> elements_of(std::string_view text) {
  const auto array = JsonView::parse(text);
  REQUIRE(array);
  std::vector<Element> found;
  JsonArray elements(*array);
  while (const auto element = elements.next()) {
    found.push_back({std::string(element->text()), element->kind()});
  }
  return found;
}

}  // namespace

TEST_CASE("array: an empty one has no elements, with or without space") {
  CHECK(elements_of("[]").empty());
  CHECK(elements_of("[ \t\r\n ]").empty());
}

TEST_CASE("array: each kind of element is told") {
  const std::vector<Element> expected = {{"null", JsonKind::kNull},    {"true", JsonKind::kBool},
                                         {"false", JsonKind::kBool},   {"-17", JsonKind::kInteger},
                                         {"0", JsonKind::kInteger},    {"1.5", JsonKind::kFraction},
                                         {"1E2", JsonKind::kFraction}, {"\"a\"", JsonKind::kString},
                                         {"[]", JsonKind::kArray},     {"{}", JsonKind::kObject}};
  CHECK(elements_of(R"([null,true,false,-17,0,1.5,1E2,"a",[],{}])") == expected);
  CHECK(elements_of("[ null , true , false , -17 , 0 , 1.5 , 1E2 , \"a\" , [] , {} ]") == expected);
}

TEST_CASE("array: brackets, commas and quotes within strings end nothing") {
  const auto found = elements_of(R"(["],[", "\"],\\", {"]}": ["}\""]}, "\\"])");
  REQUIRE(found.size() == 4);
  CHECK(found[0].text == R"("],[")");
  CHECK(found[1].text == R"("\"],\\")");
  CHECK(found[2].text == R"({"]}": ["}\""]})");
  CHECK(found[3].text == R"("\\")");
}

TEST_CASE("array: deep nesting is stepped over without recursion") {
  const std::size_t depth = 200'000;
  const std::string deep = std::string(depth, '[') + std::string(depth, ']');
  const auto found = elements_of("[" + deep + ",1]");
  REQUIRE(found.size() == 2);
  CHECK(found[0].text == deep);
  CHECK(found[1].text == "1");
}

}  // namespace appd::protocol
