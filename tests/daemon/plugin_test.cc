#include "appd/daemon/plugin.h"

#include <doctest/doctest.h>

#include "appd/handlers/actions/describe.h"
#include "appd/options/start_error.h"

namespace appd::servers {

namespace {

std::string problem_of(const std::string& file) {
  handlers::Registry registry;
  try {
    daemon::add_plugin_actions(registry, file);
  } catch (const options::StartError& error) {
    return error.what();
  }
  return {};
}

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("plugin: its actions are served, and their errors keep their codes") {
  handlers::Registry registry;
  daemon::add_plugin_actions(registry, APPD_GOOD_PLUGIN);
  REQUIRE(registry.find("shout") != nullptr);
  CHECK(handlers::failing_examples(registry).empty());
}

TEST_CASE("plugin: loading it again is no error, adding its actions twice is") {
  handlers::Registry registry;
  daemon::check_plugin(APPD_GOOD_PLUGIN);
  daemon::add_plugin_actions(registry, APPD_GOOD_PLUGIN);
  CHECK_THROWS_WITH_AS(daemon::add_plugin_actions(registry, APPD_GOOD_PLUGIN),
                       "plugin " APPD_GOOD_PLUGIN ": action \"shout\" is registered already",
                       options::StartError);
}

TEST_CASE("plugin: a file that is not there, or no shared object, is named") {
  CHECK(has(problem_of("no/such.so"), "plugin no/such.so: cannot be loaded: "));
  CHECK(has(problem_of(__FILE__), "cannot be loaded: "));
}

TEST_CASE("plugin: one without an entry point, or with a wrong one, is told apart") {
  CHECK(has(problem_of(APPD_EMPTY_PLUGIN), "has no entry point appd_plugin"));
  CHECK(has(problem_of(APPD_STRANGE_PLUGIN), "its appd_plugin is no entry point"));
}

TEST_CASE("plugin: one of another version is refused before any of its code is called") {
  CHECK(has(problem_of(APPD_OLD_PLUGIN), "was built for another version (its ABI is 7, "));
}

}  // namespace appd::servers
