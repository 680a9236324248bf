#include "appd/handlers/registry.h"

#include <doctest/doctest.h>

#include <chrono>
#include <stdexcept>
#include <string>

#include "appd/handlers/actions/builtin.h"
#include "appd/handlers/layers/layer.h"
#include "appd/handlers/typed/typed.h"

namespace appd::handlers::test {

namespace {

Action action(std::string name, bool packed_call = false) {
  return {std::move(name), "a test's", [](const Request&, Reply&) -> Result<void> { return {}; },
          packed_call};
}

}  // namespace

TEST_CASE("registry: an action is found by its exact name") {
  Registry registry;
  registry.add(action("search"));
  REQUIRE(registry.find("search") != nullptr);
  CHECK(registry.find("search")->name == "search");
  CHECK(registry.find("Search") == nullptr);
  CHECK(registry.find("searc") == nullptr);
  CHECK(registry.find("") == nullptr);
}

TEST_CASE("registry: a name is given once, and the first one stays") {
  Registry registry;
  registry.add(action("search"));
  CHECK_THROWS_WITH_AS(registry.add(action("search")), "action \"search\" is registered already",
                       std::invalid_argument);
  CHECK(registry.actions().size() == 1);
}

TEST_CASE("registry: a name that no message can carry is refused") {
  Registry registry;
  CHECK_THROWS_WITH_AS(registry.add(action("")), "action \"\" has no name", std::invalid_argument);
  CHECK_THROWS_AS(registry.add(action("\xff")), std::invalid_argument);
  CHECK_THROWS_AS(registry.add(action(std::string(protocol::kMaxFieldBytes + 1, 'a'))),
                  std::invalid_argument);
  registry.add(action(std::string(protocol::kMaxFieldBytes, 'a')));
  CHECK(registry.actions().size() == 1);
}

TEST_CASE("registry: an action needs a handler") {
  Registry registry;
  CHECK_THROWS_WITH_AS(registry.add({"search", "", nullptr, false}),
                       "action \"search\" has no handler", std::invalid_argument);
}

TEST_CASE("registry: a packed call needs a name of 6 bytes") {
  Registry registry;
  registry.add(action("triple", true));
  CHECK_THROWS_WITH_AS(registry.add(action("halve", true)),
                       "action \"halve\" has packed_call, but its name is not 6 bytes long",
                       std::invalid_argument);
}

TEST_CASE("registry: options that could not work, or would do nothing, are refused") {
  const auto refused = [](Action action) -> std::string {
    Registry registry;
    try {
      registry.add(std::move(action));
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
    return "accepted";
  };
  const auto coroutine = [](std::string text, CallContext) -> Task<std::string> { co_return text; };
  const auto computes = [](std::string text) { return text; };
  const auto asks = [](std::string text, CallContext) { return text; };
  const Layer layer = [](const Request&, Next& next) { return next(); };

  const std::string blocking_coroutine =
      "action \"act\" is a coroutine and blocks: a coroutine stays on its loop, so leave "
      "\"blocks\" out and hand what blocks to CallContext::offload()";
  CHECK(refused(make_action("act", coroutine, {.blocks = true})) == blocking_coroutine);
  CHECK(refused(with_layer(make_action("act", coroutine, {.blocks = true}), layer)) ==
        blocking_coroutine);
  CHECK(refused(make_action("act", asks, {.summary = "asks"})) ==
        "action \"act\" takes a CallContext, but can neither wait nor block: return a Task<>, or "
        "give {.blocks = true}");
  CHECK(refused(make_action("act", computes, {.time_limit = std::chrono::seconds(1)})) ==
        "action \"act\" has a time limit, but computes its answer on the loop, which nothing can "
        "interrupt: return a Task<>, or give {.blocks = true}");

  CHECK(refused(make_action("act", coroutine)) == "accepted");
  CHECK(refused(make_action("act", coroutine, {.time_limit = std::chrono::seconds(1)})) ==
        "accepted");
  CHECK(refused(make_action("act", asks, {.blocks = true})) == "accepted");
  CHECK(refused(make_action("act", computes,
                            {.blocks = true, .time_limit = std::chrono::seconds(1)})) ==
        "accepted");
}

TEST_CASE("registry: the built-in actions are five, each with a summary") {
  Registry registry;
  add_builtin_actions(registry, {});
  std::string names;
  for (const auto& [name, entry] : registry.actions()) {
    names += name + (entry.packed_call ? "+ " : " ");
    CHECK_FALSE(entry.summary.empty());
  }
  CHECK(names == "binary double+ echo negate+ search ");
}

}  // namespace appd::handlers::test
