#include "appd/handlers/actions/describe.h"

#include <doctest/doctest.h>

#include <fstream>
#include <sstream>

#include "appd/handlers/typed/typed.h"
#include "tests/handlers/call_fixture.h"

namespace appd::handlers::test {

namespace {

Action halve() {
  return make_action("halve", [](std::int8_t n) { return n / 2; },
                     {.summary = "half of it",
                      .examples = {{"8", "4"}, {"-8", "-4"}},
                      .blocks = true,
                      .time_limit = std::chrono::milliseconds(20)});
}

}  // namespace

TEST_CASE("describe: an action tells its types, limits and examples") {
  const Json description = describe_action(halve(), {{"max-content", "16"}});
  CHECK(description.text() ==
        R"({"name": "halve", "summary": "half of it", )"
        R"("argument": {"type": "integer", "minimum": -128, "maximum": 127}, )"
        R"("result": {"type": "integer", "minimum": -2147483648, "maximum": 2147483647}, )"
        R"("binary-argument": "4 bytes, a 32-bit integer in network order", )"
        R"("binary-result": "`result` and 4 bytes, a 32-bit integer in network order", )"
        R"("content-types": ["text/json", "binary"], )"
        R"("limits": {"max-content": 16, "time-limit-ms": 20}, )"
        R"("examples": [{"value": 8, "result": 4}, {"value": -8, "result": -4}]})");
}

TEST_CASE("describe: what has no binary form says so; what says nothing may be anything") {
  const Json list = describe_action(make_action("a", [](std::vector<std::string>) {}));
  CHECK(list.text().find(R"("content-types": ["text/json"])") != std::string_view::npos);
  CHECK(list.text().find(R"("binary-argument": null)") != std::string_view::npos);
  const Json any = describe_action(make_action("a", [](const Request&) { return Reply(); }));
  CHECK(any.text().find(R"("argument": {}, "result": {})") != std::string_view::npos);
  CHECK(any.text().find(R"("content-types": ["text/json", "binary"])") != std::string_view::npos);
}

TEST_CASE("describe: a name gives one description, none gives all by name") {
  Caller caller;
  Registry registry;
  registry.add(halve());
  add_describe(registry);
  caller.dispatcher.set_registry(registry);
  const std::string one(describe_action(halve()).text());
  CHECK(caller.call("describe", R"("halve")") == json_result(one));
  const std::string all = caller.call_without_value("describe").content;
  CHECK(all.starts_with(R"({"result": [{"name": "describe", )"));
  CHECK(all.ends_with(", " + one + "]}"));
  CHECK(caller.call("describe", "null").content == all);
  CHECK(caller.call("describe", R"("nobody")") ==
        error(Status::kInvalidArgument, R"(there is no action \"nobody\" to describe)"));
}

TEST_CASE("describe: an action of that name is left alone") {
  Registry registry;
  registry.add(make_action("describe", [] { return "mine"; }));
  add_describe(registry);
  CHECK(registry.actions().size() == 1);
}

TEST_CASE("describe: every example of the built-in actions is true") {
  Registry registry;
  add_builtin_actions(registry, {});
  for (const auto& [key, action] : registry.actions()) {
    const std::string& name = key;  // clang 14 captures no structured binding
    CAPTURE(name);
    CHECK_FALSE(action.summary.empty());
    CHECK_FALSE(action.examples.empty());
  }
  CHECK(failing_examples(registry).empty());
}

TEST_CASE("describe: an example that is not true is told") {
  Registry registry;
  registry.add(make_action("one", [] { return 1; }, {.examples = {{"", "1"}, {"null", "2"}}}));
  const auto failures = failing_examples(registry);
  REQUIRE(failures.size() == 1);
  CHECK(failures[0] == R"(one null: expected {"result": 2}, but {"result": 1} came)");
}

// docs/actions.md is what this prints when it fails.
TEST_CASE("describe: the reference page says what the actions say") {
  Registry registry;
  add_builtin_actions(registry, {});
  add_describe(registry);
  std::ifstream file(APPD_ACTIONS_PAGE);
  std::ostringstream page;
  page << file.rdbuf();
  CHECK(actions_page(registry) == page.str());
}

}  // namespace appd::handlers::test
