#include "appd/options/toml_nesting.h"

#include <doctest/doctest.h>

using namespace appd::options;

TEST_CASE("toml nesting: brackets and the dots of one key count, each line's for itself") {
  CHECK_FALSE(line_nesting_beyond(2, "a.b.c = 1\nd.e.f = [[1.5, 2.5, 3.5, 4.5]]\n[x.y.z]\n"));
  CHECK(line_nesting_beyond(2, "a = 1\na.b.c.d = 1\n") == 2);
  CHECK(line_nesting_beyond(2, "\n\n[a.b.c.d]") == 3);
  CHECK(line_nesting_beyond(2, "a = [\n[\n[") == 3);
  CHECK(line_nesting_beyond(2, "a = {b = {c = {}}}") == 1);
  CHECK_FALSE(line_nesting_beyond(2, "a = []\nb = []\nc = []\nd = [[], [], []]"));
  CHECK(line_nesting_beyond(2, "a = {x.y = 1, b.c.d.e = 1}") == 1);
}

TEST_CASE("toml nesting: texts and comments count for nothing") {
  for (const char* text : {"a = \"[[[[....\"", "a = '[[[[....'", "# [[[[ ....", "a = 1 # ....[[[[",
                           "a = \"\\\"[[[[\"", "a = '\\' # [[[[", "a = \"\"\"\n[[[[\n\"....\"\"\"",
                           "a = '''\n[[[[\n'....'''", "a = \"\" # \"\n", "\"a...b\".'c...d' = 1"}) {
    CAPTURE(text);
    CHECK_FALSE(line_nesting_beyond(2, text));
  }
}

TEST_CASE("toml nesting: behind the end of a text counting goes on") {
  for (const char* text :
       {"a = \"\"[[[", "a = ''[[[", "a = \"\\\\\"[[[", "a = '\\'[[[", "a = \"\"\"x\"\"\"\"\"[[[",
        "a = \"\"\"\"\"\"[[[", "a = '''x''''[[[", "a = \"not closed\n[[[", "#\n[[["}) {
    CAPTURE(text);
    CHECK(line_nesting_beyond(2, text).has_value());
  }
}

TEST_CASE("toml nesting: any text that breaks off is walked to its end") {
  const std::string_view whole = "a.b = \"\\\"x\" # c\nd = '''e''''\nf = [\"\"\"\\\"\"\"\"]\n";
  for (std::size_t length = 0; length <= whole.size(); ++length) {
    CHECK_FALSE(line_nesting_beyond(2, whole.substr(0, length)));
  }
}
