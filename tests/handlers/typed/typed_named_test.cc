#include <doctest/doctest.h>

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>

#include "appd/handlers/actions/describe.h"
#include "tests/handlers/typed/typed_fixture.h"

using namespace std::literals;

namespace appd::handlers::test {

namespace {

std::string set(const std::string& key, JsonView value, std::optional<std::int64_t> ttl_ms) {
  return key + "=" + std::string(value.text()) + (ttl_ms ? "/" + std::to_string(*ttl_ms) : "");
}
ActionOptions names() { return {.parameters = {"key", "value", "ttl_ms"}}; }

bool between(std::int32_t least, const Request& /*request*/, std::int32_t most, bool inclusive) {
  return inclusive ? least <= most : least < most;
}

// What make_action() says of a mistake.
template <class F>
std::string mistake(F function, ActionOptions options) {
  try {
    (void)make_action("act", std::move(function), std::move(options));
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "none";
}

}  // namespace

TEST_CASE("named: several values come by name in any order, or by place") {
  Typed act(set, "act", names());
  CHECK(act.json(R"({"value": [1], "ttl_ms": 5, "key": "k"})") == json_result(R"("k=[1]/5")"));
  CHECK(act.json(R"(["k", [1], 5])") == json_result(R"("k=[1]/5")"));
}

TEST_CASE("named: an optional value may be missing, by name and at the end of an array") {
  Typed act(set, "act", names());
  CHECK(act.json(R"({"key": "k", "value": 1})") == json_result(R"("k=1")"));
  CHECK(act.json(R"(["k", 1])") == json_result(R"("k=1")"));
  Typed both([](std::optional<bool> a, std::optional<bool> b) { return a || b; }, "act",
             {.parameters = {"a", "b"}});
  CHECK(both.without_value() == json_result("false"));
}

TEST_CASE("named: a value that does not fit is named by its pointer") {
  Typed act(set, "act", names());
  CHECK(act.json(R"({"key": 1, "value": 1})") ==
        refused(R"(a string at JSON pointer \"/value/key\", but an integer came: 1)"));
  CHECK(act.json("[1, 1]") ==
        refused(R"(a string at JSON pointer \"/value/0\", but an integer came: 1)"));
  CHECK(act.json(R"("k")") ==
        refused(R"(an object or an array with key, value and perhaps ttl_ms at JSON pointer )"
                R"(\"/value\", but a string came: \"k\")"));
  CHECK(act.json(R"({"key": "k"})") ==
        refused(R"(an object with key, value and perhaps ttl_ms at JSON pointer \"/value\", )"
                R"(but there is no \"/value/value\")"));
  CHECK(act.json(R"(["k"])").content.find("only 1 came") != std::string::npos);
  CHECK(act.json("[]").content.find("an array of key: a string, value: any JSON value, ttl_ms: ") !=
        std::string::npos);
  CHECK(act.without_value().content.find(R"(there is no \"value\")") != std::string::npos);
}

TEST_CASE("named: values of fixed widths come as binary content, one behind the other") {
  Typed act(between, "act", {.parameters = {"least", "most", "inclusive"}});
  CHECK(act.binary("\0\0\0\1\0\0\0\1\1"sv) == binary_result("\1"));
  CHECK(act.binary("\0\0\0\1\0\0\0\1\0"sv) == binary_result("\0"sv));
  CHECK(act.binary("\0").status == Status::kInvalidArgument);
  CHECK(Typed(set, "act", names()).binary("x").content.find("as text/json, but binary content") !=
        std::string::npos);
}

TEST_CASE("named: the names are as many as the values, and each is another") {
  CHECK(mistake(set, names()) == "none");
  CHECK(
      mistake(set, {.parameters = {"key"}}) ==
      R"(action "act" takes 3 values, but its option "parameters" has 1 name: name each of them, )"
      "in order");
  CHECK(mistake(set, {}).find("has 0 names") != std::string::npos);
  CHECK(mistake(set, {.parameters = {"a", "b", "a"}}) ==
        R"(action "act" has two parameters with the name "a")");
  CHECK(mistake(set, {.parameters = {"a", "", "b"}}) ==
        R"(action "act" has a parameter whose name is empty or not UTF-8)");
  CHECK(mistake(same<int>, {.parameters = {"a"}}) ==
        R"(action "act" has "parameters", but takes no more than one value, which has no name: )"
        "take a struct with APPD_FIELDS");
}

TEST_CASE("named: describe shows both forms") {
  const Action action = make_action("act", between, {.parameters = {"least", "most", "inclusive"}});
  CHECK(action.signature.argument_schema.starts_with(
      R"({"anyOf": [{"type": "object", "properties": {"least": {"type": "integer")"));
  CHECK(action.signature.argument_schema.ends_with(
      R"({"type": "boolean"}], "minItems": 3, "maxItems": 3}]})"));
  CHECK(action.signature.argument_binary.starts_with("9 bytes, one value behind the other: least"));
  CHECK(Json::parse(describe_action(action).text()));
}

TEST_CASE("examples: a value that the function does not take is a mistake") {
  CHECK(mistake(same<int>, {.examples = {{"1", "1"}, {"-7", "-7"}}}) == "none");
  CHECK(mistake(same<int>, {.examples = {{R"("x")", "1"}}}) ==
        R"(action "act" has the example "x" -> 1, which does not fit: act: expected an integer )"
        R"(from -2147483648 to 2147483647 at JSON pointer "/value", but a string came: "x")");
  CHECK(mistake(same<int>, {.examples = {{"", "1"}}}).find(R"(there is no "value")") !=
        std::string::npos);
  CHECK(mistake(same<int>, {.examples = {{"1", "x"}}}).find("does not fit: ") != std::string::npos);
  CHECK(mistake(same<int>, {.examples = {{"[", "1"}}}).find("does not fit: ") != std::string::npos);
  ActionOptions options = names();
  options.examples = {{R"(["a", true])", R"("a=true")"}};
  CHECK(mistake(set, options) == "none");
  options.examples = {{R"({"key": "a", "valu": 1})", R"("a=true")"}};
  CHECK(mistake(set, options).find(R"("/value/valu" is not one of them)") != std::string::npos);
}

}  // namespace appd::handlers::test
