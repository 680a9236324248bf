#include "appd/protocol/text/json_members.h"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

namespace appd::protocol {

namespace {

using Found = std::vector<std::pair<std::string, std::string>>;

Found members_of(std::string_view text) {
  const auto object = JsonView::parse(text);
  REQUIRE(object);
  Found found;
  JsonMembers members(*object);
  while (const auto member = members.next()) {
    std::string scratch;
    found.emplace_back(member->name.string(scratch), member->value.text());
  }
  return found;
}

}  // namespace

TEST_CASE("members: an empty object has none, with or without space") {
  CHECK(members_of("{}").empty());
  CHECK(members_of(" { \t\r\n } ").empty());
}

TEST_CASE("members: they come in their order, repeated ones too, with or without space") {
  const Found expected = {{"b", "1"}, {"a", "\"x\""}, {"b", "[2, {\"c\": 3}]"}, {"", "{}"}};
  CHECK(members_of(R"({"b":1,"a":"x","b":[2, {"c": 3}],"":{}})") == expected);
  CHECK(members_of(R"( { "b" : 1 , "a" : "x" , "b" : [2, {"c": 3}] , "" : {} } )") == expected);
}

TEST_CASE("members: braces, colons and quotes within strings end nothing") {
  CHECK(members_of(R"({"}:\"": "},{", "\u00e9": {"}": "\\"}})") ==
        Found{{"}:\"", "\"},{\""}, {"\u00e9", R"({"}": "\\"})"}});
}

}  // namespace appd::protocol
