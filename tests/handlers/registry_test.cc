#include "handlers/registry.h"

#include <doctest/doctest.h>

#include <stdexcept>

#include "handlers/builtin.h"

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
