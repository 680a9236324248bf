#include "appd/options/config_file.h"

#include <doctest/doctest.h>

#include "appd/options/start_error.h"
#include "appd/protocol/text/printable_text.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/text_file.h"

using namespace appd::options;
using namespace appd::testing;
using namespace std::chrono_literals;

namespace {

struct Fixture {
  std::size_t count = 1;
  appd::reactor::Duration wait = 1s;
  std::string some_text;
  bool on = false;
  std::vector<std::string> list = {"x"};
  OptionTable table;
  appd::testing::TemporaryFolder folder;
  std::string path = folder.file("a.toml");

  Fixture() {
    table.add(count_option("count", "help", count, 0, 100));
    table.add(duration_option("wait", "help", wait, 0s));
    table.add(text_option("some-text", "TEXT", "help", some_text));
    table.add(switch_option("on", "help", on));
    Option many{.name = "list"};
    many.arity = Option::Arity::kMany;
    many.parse = [this](std::span<const std::string> texts) -> Result<void> {
      list.assign(texts.begin(), texts.end());
      return {};
    };
    many.print = [this] { return list; };
    table.add(many);
  }

  void read(const std::string& text) {
    write_text_file(path, text);
    for (const GivenValue& value : read_config_file(path, table)) table.apply(value);
  }
  // What is told, behind the file's name.
  std::string refusal(const std::string& text) {
    try {
      read(text);
    } catch (const UsageError& error) {
      const std::string line = error.what();
      REQUIRE(line.starts_with(path));
      return line.substr(path.size());
    }
    return "taken";
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "config file: every kind of value, keys with - or _") {
  read("count = 7\nwait = 1.5\nsome_text = \"a\"\non = true\nlist = [\"p\", \"q\"]\n");
  CHECK(count == 7);
  CHECK(wait == 1500ms);
  CHECK(some_text == "a");
  CHECK(on);
  CHECK(list == std::vector<std::string>{"p", "q"});
  read("some-text = \"b\"\nwait = \"2m\"\nlist = \"r\"\n");
  CHECK(some_text == "b");
  CHECK(wait == 2min);
  CHECK(list == std::vector<std::string>{"r"});
}

TEST_CASE_FIXTURE(Fixture, "config file: what is wrong is told with its line") {
  CHECK(refusal("count = 1\ncuont = 2\n") == ":2: unknown key \"cuont\"; did you mean count?");
  CHECK(refusal("[limits]\ncount = 2\n") ==
        ":1: unknown key \"limits\"; the keys are the flags' names, see --help");
  CHECK(refusal("\n\ncount = -1\n") == ":3: count: \"-1\" is not a whole number of 0 to 100");
  CHECK(refusal("count = [1]") == ":1: count: takes one value, not an array");
  CHECK(refusal("count = 1979-05-27") == ":1: count: must be text, a number or true or false");
  CHECK(refusal("list = [[1]]") == ":1: list: must be text, a number or true or false");
  CHECK(refusal("some-text = \"a\"\nsome_text = \"b\"\n").find("some-text: is there twice") !=
        std::string::npos);
  CHECK(refusal("wait = inf").starts_with(":1: wait: \"inf\" is not a time"));
}

TEST_CASE_FIXTURE(Fixture, "config file: text that is not TOML is refused with its line") {
  CHECK(refusal("count = 1\ncount =\n").starts_with(":2: "));
  CHECK(refusal("count = 1\ncount = 2\n").starts_with(":2: "));
  CHECK(refusal("\xff\xfe").starts_with(":1: "));
  CHECK(refusal("list = " + std::string(100'000, '[')).starts_with(":1: "));
}

TEST_CASE_FIXTURE(Fixture, "config file: one that nests deep is refused with its line") {
  const auto repeated = [](const std::string& piece) {
    std::string text;
    while (text.size() < 600'000) text += piece;
    return text;
  };
  for (const std::string& deep :
       {repeated("a.") + "a = 1", "[" + repeated("a.") + "a]", "[[" + repeated("'a' . ") + "a]]",
        "x = " + repeated("["), "x = " + repeated("{a="), "x = " + repeated("{a=["),
        "x = {" + repeated("a.") + "a = 1}", "x = [[{b = 1, " + repeated("\"a\".") + "a = 1}]]"}) {
    CAPTURE(deep.substr(0, 40));
    CHECK(refusal("count = 1\n" + deep + "\n") == ":2: nests deeper than 16 levels");
  }
}

TEST_CASE_FIXTURE(Fixture, "config file: a byte order mark in front is skipped") {
  read("\xef\xbb\xbf\x63ount = 7\n");
  CHECK(count == 7);
}

TEST_CASE_FIXTURE(Fixture, "config file: what a refusal repeats of the file is printable") {
  CHECK(refusal("count = na\x17\x1b[2J").find_first_of("\x17\x1b\n") == std::string::npos);
}

TEST_CASE_FIXTURE(Fixture, "config file: one that cannot be read is no usage error") {
  for (const std::string& unreadable : {folder.file("none.toml"), folder.path()}) {
    try {
      static_cast<void>(read_config_file(unreadable, table));
      FAIL("no exception");
    } catch (const StartError& error) {
      CHECK(error.exit_code() == ExitCode::kFailure);
      CHECK(std::string(error.what()).find(unreadable) != std::string::npos);
    }
  }
}

TEST_CASE_FIXTURE(Fixture, "config file: one that is too large is refused") {
  read(std::string(kMaxConfigFileBytes, '\n'));
  write_text_file(path, std::string(kMaxConfigFileBytes + 1, '\n'));
  CHECK_THROWS_AS(static_cast<void>(read_config_file(path, table)), StartError);
}

TEST_CASE_FIXTURE(Fixture,
                  "config file: what is printed reads back as the same, any text included") {
  count = 42;
  wait = 1500ms;
  on = true;
  some_text =
      "quote \" back\\slash\nline\ttab \x01 \x7f caf\xc3\xa9 \xf0\x9f\x90\xb6 # ''' "
      "\u009b\u2028\U000e0001";
  list = {"a, b", "", "]"};
  const std::string text = some_text;
  const std::string printed = print_config(table);
  CAPTURE(printed);
  CHECK(appd::protocol::on_lines(printed) == printed);

  count = 0;
  wait = 0s;
  on = false;
  some_text.clear();
  list.clear();
  read(printed);
  CHECK(count == 42);
  CHECK(wait == 1500ms);
  CHECK(on);
  CHECK(some_text == text);
  CHECK(list == std::vector<std::string>{"a, b", "", "]"});
}

TEST_CASE_FIXTURE(Fixture, "config file: each printed value says where it is from, on its line") {
  table.apply({"count", {"5"}, "some\nwhere"});
  CHECK(print_config(table).starts_with("count = 5  # some\\nwhere\nwait = \"1s\"  # default\n"));
}
