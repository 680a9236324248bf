#include "appd/handlers/actions/search_entries.h"

#include <doctest/doctest.h>

namespace appd::handlers::test {

using protocol::Status;

namespace {

std::string problem_of(std::string_view json_text, Status status) {
  const auto entries = parse_search_entries(json_text);
  REQUIRE_FALSE(entries.has_value());
  CHECK(protocol::status_of(entries.error()) == status);
  return entries.error().message;
}

}  // namespace

TEST_CASE("search entries: an object of strings is read, escapes and all") {
  const auto entries = parse_search_entries(R"({"a": "b", "": "", "\u00e9\n": "\"x\""})");
  REQUIRE(entries.has_value());
  CHECK(*entries == SearchEntries{{"a", "b"}, {"", ""}, {"\u00e9\n", "\"x\""}});
}

TEST_CASE("search entries: there may be none") {
  const auto entries = parse_search_entries(" {} ");
  REQUIRE(entries.has_value());
  CHECK(entries->empty());
}

TEST_CASE("search entries: a text that is no string is named by its key") {
  CHECK(problem_of(R"({"a": "b", "ring": 5})", Status::kInvalidArgument) ==
        "search entry \"ring\" must be a string, not an integer");
}

TEST_CASE("search entries: a key is named on one line, whatever is in it") {
  CHECK(problem_of(R"({"a\n\u009b\u202e": 5})", Status::kInvalidArgument) ==
        R"(search entry "a\n\u009b\u202e" must be a string, not an integer)");
}

TEST_CASE("search entries: a key that is there twice is named") {
  CHECK(problem_of(R"({"ring": "a", "ring": "b"})", Status::kInvalidArgument) ==
        "search entry \"ring\" is there twice");
}

TEST_CASE("search entries: the first of two mistakes is named") {
  CHECK(problem_of(R"({"a": null, "b": 5})", Status::kInvalidArgument) ==
        "search entry \"a\" must be a string, not null");
}

TEST_CASE("search entries: what is no JSON object is refused") {
  for (const std::string_view text : {"", "[]", "\"a\"", "{", "{\"a\": \"b\",}", "{} {}"}) {
    CAPTURE(text);
    CHECK_FALSE(problem_of(text, Status::kInvalidContent).empty());
  }
}

}  // namespace appd::handlers::test
