#include "appd/options/option_table.h"

#include <doctest/doctest.h>

#include <stdexcept>

#include "appd/options/start_error.h"

using namespace appd::options;
using namespace std::chrono_literals;

namespace {

enum class Color { kRed, kBlue };

struct TableFixture {
  std::size_t count = 3;
  std::uint32_t small = 1024;
  appd::reactor::Duration time = 1s;
  std::string text = "word";
  std::string path;
  bool on = false;
  Color color = Color::kRed;
  OptionTable table;

  TableFixture() {
    table.add(count_option("count", "help", count, 1, 9));
    table.add(size_option("small", "help", small, 16));
    table.add(duration_option("time", "help", time, 1ms, 1h));
    table.add(text_option("text", "WORD", "help", text));
    table.add(path_option("path", "help", path));
    table.add(switch_option("on", "help", on));
    table.add(
        choice_option("color", "help", color, {{"red", Color::kRed}, {"blue", Color::kBlue}}));
  }
  void apply(const std::string& name, std::vector<std::string> texts) {
    table.apply({name, std::move(texts), "here"});
  }
  std::string refusal(const std::string& name, std::vector<std::string> texts) {
    try {
      apply(name, std::move(texts));
    } catch (const UsageError& error) {
      CHECK(error.exit_code() == ExitCode::kUsage);
      return error.what();
    }
    return "taken";
  }
};

}  // namespace

TEST_CASE_FIXTURE(TableFixture, "option table: values of every kind reach their variables") {
  apply("count", {"9"});
  apply("small", {"2KiB"});
  apply("time", {"2m"});
  apply("text", {"other"});
  apply("on", {"yes"});
  apply("color", {"blue"});
  CHECK(count == 9);
  CHECK(small == 2048);
  CHECK(time == 2min);
  CHECK(text == "other");
  CHECK(on);
  CHECK(color == Color::kBlue);
}

TEST_CASE_FIXTURE(TableFixture,
                  "option table: a wrong value is refused, and the variable is unchanged") {
  CHECK(refusal("count", {"10"}) == "here: \"10\" is not a whole number of 1 to 9");
  CHECK(refusal("count", {"4 "}) == "here: \"4 \" is not a whole number of 1 to 9");
  CHECK(refusal("count", {"18446744073709551617"}).find("1 to 9") != std::string::npos);
  CHECK(refusal("small", {"8"}) == "here: \"8\" is out of range; give at least 16");
  CHECK(refusal("small", {"4GiB"}) == "here: \"4GiB\" is out of range; give at most 4294967295");
  CHECK(refusal("time", {"0"}) == "here: \"0\" is too short; give at least 1ms");
  CHECK(refusal("time", {"61m"}) == "here: \"61m\" is too long; give at most 1h");
  CHECK(refusal("on", {"perhaps"}) == "here: \"perhaps\" is neither true nor false");
  CHECK(refusal("color", {"green"}) == "here: \"green\" is not one of red, blue");
  CHECK(refusal("text", {"\xff"}) == "here: \"\xef\xbf\xbd\" must be UTF-8 without NUL");
  CHECK(refusal("text", {std::string("a\0b", 3)}) ==
        "here: \"a\\u0000b\" must be UTF-8 without NUL");
  CHECK(refusal("count", {"1", "2"}) == "here: takes one value, not 2");
  CHECK(refusal("none", {"1"}) == "here: there is no option \"none\"");
  CHECK(count == 3);
  CHECK(small == 1024);
  CHECK(text == "word");
}

TEST_CASE_FIXTURE(TableFixture, "option table: the source of the value that counts is remembered") {
  CHECK(table.entries()[0].source == "default");
  table.apply({"count", {"4"}, "first"});
  table.apply({"count", {"5"}, "second"});
  CHECK(table.entries()[0].source == "second");
  CHECK(count == 5);
}

TEST_CASE_FIXTURE(TableFixture, "option table: a name must be new and well formed") {
  bool other = false;
  CHECK_THROWS_AS(table.add(switch_option("count", "", other)), std::invalid_argument);
  CHECK_THROWS_AS(table.add(switch_option("help", "", other)), std::invalid_argument);
  CHECK_THROWS_AS(table.add(switch_option("Count", "", other)), std::invalid_argument);
  CHECK_THROWS_AS(table.add(switch_option("-c", "", other)), std::invalid_argument);
  CHECK_THROWS_AS(table.add(switch_option("", "", other)), std::invalid_argument);
}

TEST_CASE_FIXTURE(TableFixture, "option table: the nearest name is found, and no far one") {
  CHECK(table.nearest_name("cuont") == "count");
  CHECK(table.nearest_name("--colour") == "color");
  CHECK(table.nearest_name("entirely-else").empty());
  CHECK(table.nearest_name("---").empty());
}

TEST_CASE_FIXTURE(TableFixture, "option table: relative paths become absolute, none stays none") {
  table.make_paths_absolute("/here");
  CHECK(path.empty());
  CHECK(text == "word");
  apply("path", {"a/b"});
  table.make_paths_absolute("/here");
  CHECK(path == "/here/a/b");
  table.make_paths_absolute("/there");
  CHECK(path == "/here/a/b");
}

TEST_CASE_FIXTURE(TableFixture,
                  "option table: a reload tells what changed, and keeps what needs a restart") {
  table.need_restart_but({"text", "color"});
  const OptionValues running = table.values();
  apply("count", {"5"});
  apply("time", {"1000ms"});  // in other words
  apply("text", {"other"});
  const OptionChanges changes = table.keep(running);
  CHECK(changes.applied == std::vector<std::string>{"text"});
  CHECK(changes.need_restart == std::vector<std::string>{"count"});
  CHECK(count == 3);
  CHECK(text == "other");
}

TEST_CASE_FIXTURE(TableFixture, "option table: what was not known before is no change") {
  table.need_restart_but({});
  apply("count", {"5"});
  const OptionChanges changes = table.keep({});
  CHECK(changes.need_restart.empty());
  CHECK(count == 5);
}
