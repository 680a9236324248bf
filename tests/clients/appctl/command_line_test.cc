#include "appd/clients/appctl/command_line.h"

#include <doctest/doctest.h>

#include <cstdlib>

namespace appd::clients {
namespace {

using Arguments = std::vector<std::string>;

CommandLine parse(const Arguments& arguments) {
  auto line = parse_command_line(arguments);
  if (!line) FAIL(line.error().message);
  return *line;
}

std::string refusal(const Arguments& arguments) {
  const auto line = parse_command_line(arguments);
  REQUIRE_FALSE(line);
  CHECK(client_error_of(line.error()) == ClientError::kInvalidRequest);
  return line.error().message;
}

TEST_CASE("command line: an action and a value call the default server") {
  const auto line = parse({"search", "morpheus"});
  CHECK(line.command == Command::kCall);
  CHECK(line.server.to_string() == "app://127.0.0.1:65432");
  CHECK(line.action == "search");
  CHECK(line.value == "morpheus");
}

TEST_CASE("command line: the environment names the server unless an option does") {
  ::setenv("APPCTL_SERVER", "localhost:7", 1);
  CHECK(parse({"search"}).server.to_string() == "app://localhost:7");
  CHECK(parse({"--server", "[::1]:8", "search"}).server.to_string() == "app://[::1]:8");
  ::unsetenv("APPCTL_SERVER");
}

TEST_CASE("command line: an action without a value has none, an empty one is one") {
  CHECK_FALSE(parse({"search"}).value.has_value());
  CHECK(parse({"search", ""}).value == "");
}

TEST_CASE("command line: negative numbers are values, not options") {
  CHECK(parse({"negate", "-300"}).value == "-300");
  CHECK(parse({"echo", "-.5", "--trace"}).value == "-.5");
}

TEST_CASE("command line: several values are an array, each taken as a single one would be") {
  const auto line = parse({"set", "key", "5", "a \"b\"", " [true,null] ", "-1"});
  CHECK(line.value == R"(["key", 5, "a \"b\"", [true,null], -1])");
  CHECK(line.form == ValueForm::kJson);
  CHECK(parse({"--string", "set", "key", "5"}).value == R"(["key", "5"])");
  CHECK(parse({"--json", "double", "1", "2"}).value == "[1, 2]");
  CHECK(parse({"set", "a", "--", "-"}).value == R"(["a", "-"])");
  CHECK(parse({"bench", "set", "a", "b"}).value == R"(["a", "b"])");
}

TEST_CASE("command line: several values are refused where they would say nothing") {
  CHECK(refusal({"search", "two", "words"}) ==
        R"(too many words, from "words" on: a VALUE with spaces needs quotes)");
  CHECK(refusal({"--binary", "set", "a", "b"}).find("too many words") != std::string::npos);
  CHECK(refusal({"--json", "set", "1", "b"}) == R"("b" is not JSON)");
  CHECK(refusal({"set", "a", "-"}).find("alone") != std::string::npos);
  CHECK(refusal({"set", "a", "b", "--file", "x"}).find("twice") != std::string::npos);
  CHECK(refusal({"set", "a", "\xff"}) == "a VALUE is not UTF-8");
}

TEST_CASE("command line: words behind -- are taken as they are") {
  CHECK(parse({"echo", "--", "--json"}).value == "--json");
  CHECK(parse({"--", "call", "-"}).action == "call");
  CHECK(parse({"echo", "--", "-"}).value == "-");
}

TEST_CASE("command line: words that mean something to other parsers are values") {
  for (const char* word : {"++", "%%", "[]", "{}", "/x", "a=b"}) {
    CAPTURE(word);
    CHECK(parse({"echo", word}).value == word);
  }
}

TEST_CASE("command line: call frees the names of commands for actions") {
  CHECK(parse({"call", "resolve", "x"}).action == "resolve");
  CHECK(parse({"call", "call"}).action == "call");
  CHECK(refusal({"call"}).find("ACTION") != std::string::npos);
}

TEST_CASE("command line: resolve takes a host and a service") {
  const auto line = parse({"resolve", "localhost", "http"});
  CHECK(line.command == Command::kResolve);
  CHECK(line.host == "localhost");
  CHECK(line.service == "http");
  (void)refusal({"resolve"});
  (void)refusal({"resolve", "a", "b", "c"});
}

TEST_CASE("command line: a dash is standard input, as is --file") {
  CHECK(parse({"search", "-"}).file == "-");
  CHECK(parse({"search", "--file", "-"}).file == "-");
  CHECK(parse({"search", "--file=x.txt"}).file == "x.txt");
  CHECK(refusal({"search", "y", "--file", "x"}).find("twice") != std::string::npos);
}

TEST_CASE("command line: an echo server gets all words") {
  const auto line = parse({"--server", "raw-echo://h:1", "hello", "world", "-5"});
  CHECK(line.value == "hello world -5");
  CHECK(line.action.empty());
  CHECK(parse({"--server", "raw-echo://h:1", "-"}).file == "-");
  (void)refusal({"--server", "raw-echo://h:1"});
}

TEST_CASE("command line: every option arrives") {
  const auto line =
      parse({"--connections", "3", "--repeat=4", "--pipeline", "5", "--timeout", "0.25", "--output",
             "json", "--binary", "--trace", "--header", "a=1", "--header", "b=[2]", "echo", "x"});
  CHECK(line.connections == 3);
  CHECK(line.repeat == 4);
  CHECK(line.pipeline == 5);
  CHECK(line.timeout == std::chrono::milliseconds(250));
  CHECK(line.output == OutputFormat::kJson);
  CHECK(line.form == ValueForm::kBinary);
  CHECK(line.trace);
  CHECK(line.header_fields == Arguments{"a=1", "b=[2]"});
}

TEST_CASE("command line: bytes of a file go as content, typed ones behind the action's") {
  CHECK(parse({"--binary", "x", "v"}).form == ValueForm::kBinary);
  CHECK(parse({"--binary", "x"}).form == ValueForm::kBinary);
  CHECK(parse({"--binary", "x", "-"}).form == ValueForm::kContent);
  CHECK(parse({"--file", "f", "--binary", "x"}).form == ValueForm::kContent);
  CHECK(parse({"--file", "f", "binary"}).form == ValueForm::kAutomatic);
}

TEST_CASE("command line: what is wrong is named") {
  const auto names = [](const Arguments& arguments, const char* what) {
    const std::string text = refusal(arguments);
    CAPTURE(text);
    CHECK(text.find(what) != std::string::npos);
  };
  names({"--bogus", "x"}, "--bogus");
  names({"--repeat", "0", "x"}, "--repeat");
  names({"--connections", "-3", "x"}, "--connections");
  names({"--pipeline", "many", "x"}, "--pipeline");
  names({"--timeout", "0", "x"}, "--timeout");
  names({"--timeout", "nan", "x"}, "--timeout");
  names({"--timeout", "1e99", "x"}, "--timeout");
  names({"--output", "xml", "x"}, "--output");
  names({"--json", "--string", "x"}, "--string");
  names({"--server", "http://x:1", "x"}, "http");
  names({"--server", "x:0", "x"}, "port 0");
  names({"--server"}, "--server");
  names({"search", "b", "c"}, "\"c\"");
  names({}, "ACTION");
}

TEST_CASE("command line: each number takes its least and its most, and no more") {
  struct Range {
    std::string option;
    std::string below, least, most, above;
    bool bench = false;
  };
  for (const Range& range : {
           Range{"--connections", "0", "1", "100000", "100001"},
           Range{"--repeat", "0", "1", "1000000000", "1000000001"},
           Range{"--pipeline", "0", "1", "100000", "100001"},
           Range{"--timeout", "0", "0.001", "1000000", "1000000.1"},
           Range{"--duration", "0", "0.001", "86400", "86400.1", true},
           Range{"--warmup", "-1", "0", "86400", "86400.1", true},
           Range{"--rate", "0.0009", "0.001", "100000000", "100000001", true},
       }) {
    const auto arguments = [&](const std::string& value) {
      Arguments words = {range.option + "=" + value, "echo", "x"};
      if (range.bench) words.insert(words.begin(), "bench");
      return words;
    };
    CAPTURE(range.option);
    for (const std::string& value : {range.least, range.most}) parse(arguments(value));
    for (const std::string& value : {range.below, range.above}) {
      CHECK(refusal(arguments(value)).find(range.option) != std::string::npos);
    }
  }
}

TEST_CASE("command line: times and sizes have units, as the daemon's have") {
  CHECK(parse({"--timeout", "500ms", "x"}).timeout == std::chrono::milliseconds(500));
  CHECK(parse({"--timeout", "2m", "x"}).timeout == std::chrono::minutes(2));
  CHECK(parse({"--max-content=1KiB", "--max-value=2MB", "x"}).max_content_bytes == 1024);
  CHECK(parse({"--max-value=2MB", "x"}).max_value_bytes == 2'000'000);
  const auto line = parse({"bench", "x", "--duration", "1m", "--warmup", "250us"});
  CHECK(line.duration == std::chrono::minutes(1));
  CHECK(line.warmup == std::chrono::microseconds(250));
  CHECK(
      refusal({"--timeout", "3x", "y"}) ==
      "flag --timeout: \"3x\" is not a time; give seconds or a unit, such as 10s, 500ms, 2m or 1h");
}

TEST_CASE("command line: of a repeated option the last one counts") {
  CHECK(parse({"--repeat", "2", "x", "--repeat", "3"}).repeat == 3);
}

TEST_CASE("command line: an unknown option is told, with the one that was meant") {
  CHECK(refusal({"--timeot=3", "x"}) ==
        "The following argument was not expected: --timeot=3; did you mean --timeout?");
  for (const char* option : {"--config", "--check-config", "--print-config", "---", "-x", "--=3"}) {
    CHECK(refusal({option, "x"}) ==
          std::string("The following argument was not expected: ") + option);
  }
}

TEST_CASE("command line: a wrong server of the environment is told with its variable") {
  ::setenv("APPCTL_SERVER", "x:0", 1);
  CHECK(refusal({"search"}) ==
        "environment variable APPCTL_SERVER: nobody can be called on port 0, in \"x:0\"");
  CHECK(parse({"--server", ":8", "search"}).server.port == 8);
  ::setenv("APPCTL_SERVER", "", 1);
  CHECK(parse({"search"}).server.to_string() == "app://127.0.0.1:65432");
  ::unsetenv("APPCTL_SERVER");
}

TEST_CASE("command line: a file's name is any bytes") {
  CHECK(parse({"search", "--file", "\xff"}).file == "\xff");
  CHECK(parse({"search", "--file", "[1,2]"}).file == "[1,2]");
}

TEST_CASE("command line: help and version are texts to show") {
  CHECK(parse({"--help"}).text.find("appctl resolve HOST") != std::string::npos);
  CHECK(parse({"--version"}).text.starts_with("appctl "));
  CHECK(parse({"--version"}).command == Command::kShowText);
}

TEST_CASE("command line: bench takes a call's words and has options of its own") {
  const auto line = parse({"bench", "search", "ring", "--rate", "1e3", "--duration", "2.5",
                           "--warmup", "0", "--connections", "64", "--pipeline", "8"});
  CHECK(line.command == Command::kBench);
  CHECK(line.action == "search");
  CHECK(line.value == "ring");
  CHECK(line.rate == 1000);
  CHECK(line.duration == std::chrono::milliseconds(2500));
  CHECK(line.warmup == reactor::Duration::zero());
  CHECK(line.connections == 64);
  CHECK(line.pipeline == 8);
}

TEST_CASE("command line: bench and an echo server take the words that follow as the value") {
  CHECK(parse({"--server", "raw-echo://:1", "bench", "a", "b"}).value == "a b");
}

TEST_CASE("command line: options of one command are refused by another, by name") {
  CHECK(refusal({"--rate", "5", "search", "x"}).find("--rate") != std::string::npos);
  CHECK(refusal({"--one-shot", "search", "x"}).find("--one-shot") != std::string::npos);
  CHECK(refusal({"--repeat", "5", "bench", "search"}).find("--repeat") != std::string::npos);
  CHECK(refusal({"--trace", "bench", "search"}).find("--trace") != std::string::npos);
}

TEST_CASE("command line: a load that makes no sense is refused") {
  CHECK(refusal({"bench", "x", "--rate", "0"}).find("--rate") != std::string::npos);
  CHECK(refusal({"bench", "x", "--rate", "nan"}).find("--rate") != std::string::npos);
  CHECK(refusal({"bench", "x", "--duration", "0"}).find("--duration") != std::string::npos);
  CHECK(refusal({"bench", "x", "--warmup", "-1"}).find("--warmup") != std::string::npos);
  (void)refusal({"bench", "x", "--one-shot", "--pipeline", "2"});
  (void)refusal({"bench", "x", "--expect", "file"});
  (void)refusal({"bench", "x", "--output", "raw"});
}

}  // namespace
}  // namespace appd::clients
