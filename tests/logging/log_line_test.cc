#include "appd/logging/log_line.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <map>

#include "appd/protocol/text/json.h"
#include "appd/protocol/text/printable_text.h"

using namespace appd::logging;
using namespace std::chrono_literals;

namespace {

constexpr std::chrono::system_clock::time_point kTime{
    std::chrono::duration_cast<std::chrono::system_clock::duration>(
        1'769'860'800'000'042us)};  // 2026-01-31 12:00:00.000042

std::string line(LogFormat format, std::string_view message,
                 std::initializer_list<Field> fields = {}) {
  std::string out;
  append_log_line(out, format, kTime, Level::kInfo, message, {fields.begin(), fields.size()});
  return out;
}

std::map<std::string, std::string> json_members(const std::string& text) {
  std::map<std::string, std::string> members;
  appd::protocol::JsonReader reader;
  const auto read =
      reader.read_object(text, [&members](std::string_view name, appd::protocol::JsonView value) {
        std::string scratch;
        const bool is_text = value.kind() == appd::protocol::JsonKind::kString;
        members.emplace(name, is_text ? value.string(scratch) : value.text());
      });
  REQUIRE(read.has_value());
  return members;
}

}  // namespace

TEST_CASE("log line: text has time, level, message and fields") {
  CHECK(line(LogFormat::kText, "accepted", {{"connection", 7}, {"peer", "127.0.0.1:40000"}}) ==
        "2026-01-31T12:00:00.000042Z info accepted connection=7 peer=127.0.0.1:40000\n");
}

TEST_CASE("log line: JSON has the same") {
  CHECK(line(LogFormat::kJson, "accepted", {{"connection", 7}, {"peer", "127.0.0.1:40000"}}) ==
        "{\"ts\": \"2026-01-31T12:00:00.000042Z\", \"level\": \"info\", \"msg\": \"accepted\", "
        "\"connection\": 7, \"peer\": \"127.0.0.1:40000\"}\n");
}

TEST_CASE("log line: integers keep their value at both ends") {
  const std::string text =
      line(LogFormat::kText, "m", {{"low", INT64_MIN}, {"high", UINT64_MAX}, {"none", 0}});
  CHECK(text.ends_with(" low=-9223372036854775808 high=18446744073709551615 none=0\n"));
}

TEST_CASE("log line: JSON stays JSON whatever the bytes are, and gives them back") {
  const std::string nasty =
      std::string("quote \" back\\ \n \r \t \x7f ", 21) + '\0' + "\xf0\x9f\x90\xb6";
  const std::string text = line(LogFormat::kJson, nasty, {{"v", nasty}, {"bad", "\xff\xfe"}});
  CHECK(text.find('\n') == text.size() - 1);
  const auto members = json_members(text);
  CHECK(members.at("msg") == nasty);
  CHECK(members.at("v") == nasty);
  CHECK(members.at("bad") == "\xef\xbf\xbd\xef\xbf\xbd");
}

TEST_CASE("log line: no value can forge a line or a field of the text") {
  const std::string text =
      line(LogFormat::kText, "a\nb", {{"v", "x y=z"}, {"w", "\x1b[31m\x7f"}, {"empty", ""}});
  CHECK(text.find('\n') == text.size() - 1);
  CHECK(text.ends_with(" \"a\\nb\" v=\"x y=z\" w=\"\\u001b[31m\\u007f\" empty=\"\"\n"));
}

TEST_CASE("log line: what is not seen is escaped, in text, JSON and names of fields") {
  const std::string nasty = "a\u009b\u0085\u2028\u2029\u202e\u200b\ufeff\U000e0001z";
  const std::string escaped = R"("a\u009b\u0085\u2028\u2029\u202e\u200b\ufeff\udb40\udc01z")";
  const std::string text = line(LogFormat::kText, nasty, {{"v", nasty}, {nasty, 1}});
  CHECK(text.ends_with(" info " + escaped + " v=" + escaped + " " + escaped + "=1\n"));
  const std::string json = line(LogFormat::kJson, nasty, {{"v", nasty}, {nasty, 1}});
  CHECK(appd::protocol::on_lines(json) == json);
  const auto members = json_members(json);
  CHECK(members.at("msg") == nasty);
  CHECK(members.at("v") == nasty);
  CHECK(members.at(nasty) == "1");
}

TEST_CASE("log line: a space of any width is in quotes") {
  CHECK(line(LogFormat::kText, "m", {{"v", "a\u2003b"}}).ends_with(" v=\"a\u2003b\"\n"));
  CHECK(line(LogFormat::kText, "m", {{"v", "caf\u00e9"}}).ends_with(" v=caf\u00e9\n"));
}

TEST_CASE("log line: long text is cut at a character") {
  std::string longest(kMaxLogTextBytes - 1, 'a');
  longest += "\xc3\xa9 and more";
  const auto members = json_members(line(LogFormat::kJson, "m", {{"v", longest}}));
  CHECK(members.at("v").size() < kMaxLogTextBytes + 8);
  CHECK(members.at("v").starts_with(std::string(kMaxLogTextBytes - 1, 'a')));
  CHECK(members.at("v").ends_with("..."));
}

TEST_CASE("log limit: one a second, and the next says how many were held back") {
  using appd::reactor::TimePoint;
  LogLimit limit;
  const TimePoint start{5s};
  CHECK(limit.admit(start) == 0);
  CHECK_FALSE(limit.admit(start));
  CHECK_FALSE(limit.admit(start + 999ms));
  CHECK(limit.admit(start + 1s) == 2);
  CHECK_FALSE(limit.admit(start + 1999ms));
  CHECK(limit.admit(start + 60s) == 1);
  CHECK(limit.admit(start + 61s) == 0);
}
