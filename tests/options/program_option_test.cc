#include "appd/options/program_option.h"

#include <doctest/doctest.h>

#include "appd/options/start_error.h"

using namespace appd::options;
using namespace std::chrono_literals;

namespace {

// One reading of all sources.
struct Reading {
  explicit Reading(const ProgramOption& option) : write(option(table)) {}
  void give(const std::string& text) { table.apply({"it", {text}, "here"}); }
  [[nodiscard]] std::string shown() const { return table.find("it")->print().front(); }

  OptionTable table;
  std::function<void()> write;
};

}  // namespace

TEST_CASE("program option: the variable is written when everything was right, and not before") {
  std::int64_t variable = 5;
  const ProgramOption option = program_option("it", "help", variable, {1, 9});
  Reading reading(option);
  CHECK(reading.shown() == "5");
  reading.give("7");
  CHECK(reading.shown() == "7");
  CHECK(variable == 5);
  CHECK_THROWS_AS(reading.give("10"), UsageError);
  reading.write();
  CHECK(variable == 7);
}

TEST_CASE("program option: what a source says no more is the default again") {
  std::atomic<int> variable = 5;
  const ProgramOption option = program_option("it", "help", variable, {1, 9});
  Reading first(option);
  first.give("7");
  first.write();
  CHECK(variable == 7);
  Reading second(option);
  CHECK(second.shown() == "5");
  second.write();
  CHECK(variable == 5);
}

TEST_CASE("program option: a time in the unit of its variable") {
  std::atomic<std::chrono::milliseconds> variable = 250ms;
  const ProgramOption option = program_option("it", "help", variable, {1ms, 1h});
  Reading reading(option);
  CHECK(reading.shown() == "250ms");
  reading.give("2s");
  reading.write();
  CHECK(variable.load() == 2000ms);
  CHECK_THROWS_AS(reading.give("2h"), UsageError);
}

TEST_CASE("program option: switches and texts") {
  bool plain = false;
  std::atomic<bool> atomic = true;
  std::string text = "first";
  const ProgramOption plain_option = program_option("it", "help", plain);
  const ProgramOption atomic_option = program_option("it", "help", atomic);
  const ProgramOption text_option = program_option("it", "help", text);
  Reading one(plain_option);
  one.give("yes");
  one.write();
  CHECK(plain);
  Reading two(atomic_option);
  two.give("no");
  two.write();
  CHECK_FALSE(atomic);
  Reading three(text_option);
  three.give("second");
  three.write();
  CHECK(text == "second");
}
