#include "appd/daemon/options.h"

#include <doctest/doctest.h>

#include <map>

#include "appd/options/start_error.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/text_file.h"

using namespace appd::daemon;
using namespace appd::logging;
using namespace appd::options;
using namespace appd::testing;
using namespace std::chrono_literals;

namespace {

struct OptionsFixture {
  std::map<std::string, std::string> environment;
  Program program;
  appd::testing::TemporaryFolder folder;
  std::string config = folder.file("appd.toml");

  ParsedOptions parse(const std::vector<std::string>& flags) const {
    std::vector<const char*> arguments = {"appd"};
    for (const std::string& flag : flags) arguments.push_back(flag.c_str());
    arguments.push_back(nullptr);
    const auto lookup = [this](const std::string& name) -> std::optional<std::string> {
      const auto found = environment.find(name);
      if (found == environment.end()) return std::nullopt;
      return found->second;
    };
    return parse_options(static_cast<int>(flags.size()) + 1, arguments.data(), lookup, program);
  }
  Options options(const std::vector<std::string>& flags) const { return parse(flags).options; }
  std::string answer(const std::vector<std::string>& flags) const {
    return parse(flags).answer.value_or("no answer");
  }
  std::string refusal(const std::vector<std::string>& flags,
                      ExitCode exit_code = ExitCode::kUsage) const {
    try {
      static_cast<void>(parse(flags));
    } catch (const StartError& error) {
      CHECK(error.exit_code() == exit_code);
      return error.what();
    }
    return "taken";
  }
  std::vector<std::string> listening(const std::vector<std::string>& flags) const {
    std::vector<std::string> texts;
    for (const auto& address : options(flags).listen) texts.push_back(address.to_string());
    return texts;
  }
  using Texts = std::vector<std::string>;
};

}  // namespace

TEST_CASE_FIXTURE(OptionsFixture, "options: the defaults are those of the documentation") {
  const ParsedOptions parsed = parse({});
  CHECK_FALSE(parsed.answer);
  CHECK(listening({}) == Texts{"app://127.0.0.1:65432"});
  CHECK(parsed.options.threads == default_threads());
  CHECK(parsed.options.threads >= 1);
  CHECK(parsed.options.limits.max_content == 16 * 1024 * 1024);
  CHECK(parsed.options.limits.idle_timeout == 60s);
  CHECK(parsed.options.log.level == Level::kInfo);
  CHECK_FALSE(parsed.options.daemon);
  CHECK(parsed.options.socket_mode == 0660);
  CHECK(parsed.options.limits.backlog == appd::reactor::max_backlog());
}

TEST_CASE_FIXTURE(OptionsFixture,
                  "options: each whole number takes its least and its most, and no more") {
  struct Range {
    std::string name;
    std::string below, least, most, above;
  };
  for (const Range& range : {
           Range{"threads", "0", "1", "1024", "1025"},
           Range{"pool-threads", "-1", "0", "1024", "1025"},
           Range{"backlog", "0", "1", "2147483647", "2147483648"},
           Range{"max-pending-calls", "0", "1", "9223372036854775807", "18446744073709551616"},
           Range{"socket-mode", "-1", "0", "0777", "01000"},
           Range{"max-buffered", "0", "1", "9223372036854775807", "9223372036854775808"},
           Range{"idle-timeout", "0.9ms", "1ms", "8760h", "8761h"},
       }) {
    CAPTURE(range.name);
    for (const std::string& value : {range.least, range.most}) {
      CHECK(refusal({"--" + range.name, value}) == "taken");
    }
    for (const std::string& value : {range.below, range.above}) {
      CHECK(refusal({"--" + range.name + "=" + value}).starts_with("flag --" + range.name));
    }
  }
}

TEST_CASE_FIXTURE(OptionsFixture, "options: the backlog comes from every source") {
  CHECK(options({"--backlog", "10"}).limits.backlog == 10);
  write_text_file(config, "backlog = 11\n");
  CHECK(options({"--config", config}).limits.backlog == 11);
  environment["APPD_BACKLOG"] = "12";
  CHECK(options({"--config", config}).limits.backlog == 12);
}

TEST_CASE_FIXTURE(OptionsFixture, "options: a mode is octal wherever it comes from") {
  for (const char* text : {"\"0640\"", "\"640\"", "\"0o640\"", "0o640", "640"}) {
    CAPTURE(text);
    write_text_file(config, "socket-mode = " + std::string(text) + "\n");
    CHECK(options({"--config", config}).socket_mode == 0640);
  }
  CHECK(options({"--socket-mode=0600"}).socket_mode == 0600);
  environment["APPD_SOCKET_MODE"] = "600";
  CHECK(options({}).socket_mode == 0600);
  CHECK(answer({"--print-config"}).find("socket-mode = \"0600\"  # ") != std::string::npos);
}

TEST_CASE_FIXTURE(OptionsFixture,
                  "options: the limits of calls and of nesting reach their fields") {
  const Options few = options({"--max-calls", "10", "--max-nesting", "11"});
  CHECK(few.limits.max_calls == 10);
  CHECK(few.limits.max_nesting == 11);
}

TEST_CASE_FIXTURE(OptionsFixture, "options: every flag reaches its field") {
  const Options all = options({"--listen",
                               ":1",
                               "--threads",
                               "3",
                               "--search-file",
                               "s",
                               "--log-level",
                               "debug",
                               "--log-format",
                               "json",
                               "--log-file",
                               "l",
                               "--pid-file",
                               "p",
                               "--max-content",
                               "1KiB",
                               "--max-connections",
                               "5",
                               "--max-connections-per-peer",
                               "6",
                               "--header-timeout",
                               "1s",
                               "--request-timeout",
                               "2s",
                               "--idle-timeout",
                               "3s",
                               "--write-timeout",
                               "4s",
                               "--write-high-watermark",
                               "2KiB",
                               "--max-buffered",
                               "3KiB",
                               "--drain-timeout",
                               "0",
                               "--max-pending-calls",
                               "7",
                               "--half-close-grace",
                               "5s",
                               "--pool-threads",
                               "8",
                               "--pool-queue",
                               "9",
                               "--blocked-loop-warning",
                               "6s"});
  CHECK(all.threads == 3);
  CHECK(all.search_file == "s");
  CHECK(all.log.level == Level::kDebug);
  CHECK(all.log.format == LogFormat::kJson);
  CHECK(all.log.file == "l");
  CHECK(all.pid_file == "p");
  CHECK(all.limits.max_content == 1024);
  CHECK(all.limits.max_connections == 5);
  CHECK(all.limits.max_connections_per_peer == 6);
  CHECK(all.limits.header_timeout == 1s);
  CHECK(all.limits.request_timeout == 2s);
  CHECK(all.limits.idle_timeout == 3s);
  CHECK(all.limits.write_timeout == 4s);
  CHECK(all.limits.write_high_watermark == 2048);
  CHECK(all.limits.max_buffered == 3072);
  CHECK(all.limits.drain_timeout == 0s);
  CHECK(all.limits.max_pending_calls == 7);
  CHECK(all.limits.half_close_grace == 5s);
  CHECK(all.limits.pool_threads == 8);
  CHECK(all.limits.pool_queue == 9);
  CHECK(all.limits.blocked_loop_warning == 6s);
}

TEST_CASE_FIXTURE(OptionsFixture, "options: flag before environment before file before default") {
  write_text_file(config, "threads = 2\nmax-content = 2\nidle-timeout = 2\n");
  environment = {{"APPD_CONFIG", config}, {"APPD_THREADS", "3"}, {"APPD_MAX_CONTENT", "3"}};
  const Options all = options({"--threads", "4"});
  CHECK(all.threads == 4);
  CHECK(all.limits.max_content == 3);
  CHECK(all.limits.idle_timeout == 2s);
  CHECK(all.limits.header_timeout == 10s);
}

TEST_CASE_FIXTURE(OptionsFixture, "options: --config counts before APPD_CONFIG") {
  write_text_file(config, "threads = 2\n");
  environment = {{"APPD_CONFIG", folder.file("missing")}};
  CHECK(options({"--config", config}).threads == 2);
  CHECK(refusal({}, ExitCode::kFailure) ==
        "configuration file: open \"" + folder.file("missing") + "\": No such file or directory");
}

TEST_CASE_FIXTURE(OptionsFixture, "options: a list is the flag repeated, commas, or an array") {
  CHECK(listening({"--listen", "[::1]:5", "--listen=raw-echo://:7"}) ==
        Texts{"app://[::1]:5", "raw-echo://:7"});
  environment = {{"APPD_LISTEN", ":1,framed-echo://:2"}};
  CHECK(listening({}) == Texts{"app://:1", "framed-echo://:2"});
  environment.clear();
  write_text_file(config, "listen = [\":3\", \":4\"]\n");
  CHECK(listening({"--config", config}) == Texts{"app://:3", "app://:4"});
  CHECK(listening({"--config", config, "--listen", ":9"}) == Texts{"app://:9"});
}

TEST_CASE_FIXTURE(OptionsFixture,
                  "options: a repeated flag of one value counts as it stands last") {
  CHECK(options({"--threads", "2", "--threads", "5"}).threads == 5);
}

TEST_CASE_FIXTURE(OptionsFixture, "options: a wrong flag names itself and what would be right") {
  CHECK(refusal({"--thread", "3"}) == "unknown flag \"--thread\"; did you mean --threads?");
  CHECK(refusal({"--nothing=5"}) == "unknown flag \"--nothing\"; see appd --help");
  CHECK(refusal({"-x"}) == "unknown flag \"-x\"; see appd --help");
  CHECK(refusal({"--threads"}) == "flag --threads: a value must follow");
  CHECK(refusal({"-"}) == "unknown flag \"-\"; see appd --help");
  CHECK(refusal({"--=5"}) == "unknown flag \"--\"; see appd --help");
  CHECK(refusal({"word"}) == "unexpected argument \"word\"; see appd --help");
  CHECK(refusal({"--listen", ":1", ":2"}) == "unexpected argument \":2\"; see appd --help");
  CHECK(refusal({"--", "--threads", "3"}) == "unexpected argument \"--\"; see appd --help");
  CHECK(refusal({"--threads", "many"}) ==
        "flag --threads: \"many\" is not a whole number of 1 to 1024");
  CHECK(refusal({"--threads", "1025"}) ==
        "flag --threads: \"1025\" is not a whole number of 1 to 1024");
  CHECK(refusal({"--threads", "-1"}) ==
        "flag --threads: \"-1\" is not a whole number of 1 to 1024");
  CHECK(refusal({"--log-level", "loud"}) ==
        "flag --log-level: \"loud\" is not one of trace, debug, info, warn, error, off");
  CHECK(refusal({"--header-timeout", "0"}) ==
        "flag --header-timeout: \"0\" is too short; give at least 1ms");
  CHECK(refusal({"--listen", "app://x:70000"}).find("70000") != std::string::npos);
}

TEST_CASE_FIXTURE(OptionsFixture,
                  "options: a wrong environment variable names itself, overridden or not") {
  environment = {{"APPD_MAX_CONTENT", "lots"}};
  CHECK(refusal({"--max-content", "1"})
            .starts_with("environment variable APPD_MAX_CONTENT: \"lots\" is not a size"));
}

TEST_CASE_FIXTURE(OptionsFixture, "options: a wrong value in the file names file and line") {
  write_text_file(config, "threads = 4\nmax_content = \"4x\"\n");
  CHECK(
      refusal({"--config", config}).starts_with(config + ":2: max-content: \"4x\" is not a size"));
}

TEST_CASE_FIXTURE(OptionsFixture,
                  "options: empty and foreign variables of the environment are ignored") {
  environment = {{"APPD_THREADS", ""}, {"APPD_HOME", "/x"}, {"APPD_CONFIG", ""}};
  CHECK(options({}).threads == default_threads());
}

TEST_CASE_FIXTURE(OptionsFixture,
                  "options: --daemon makes paths absolute, a Unix socket's included") {
  const std::vector<std::string> flags = {"--pid-file", "p", "--listen", "app+unix://s"};
  CHECK(options(flags).pid_file == "p");
  std::vector<std::string> daemon = flags;
  daemon.push_back("--daemon");
  const Options absolute = options(daemon);
  CHECK(absolute.daemon);
  CHECK(absolute.pid_file.starts_with("/"));
  CHECK(absolute.listen[0].path.starts_with("/"));
  CHECK(absolute.log.file.empty());
}

TEST_CASE_FIXTURE(OptionsFixture,
                  "options: --print-config fed back with --config prints the same values") {
  const std::string printed = answer({"--listen",        "raw-echo://[::1]:5",
                                      "--listen",        "app+unix:///tmp/a \"b\"",
                                      "--threads",       "7",
                                      "--log-level",     "off",
                                      "--log-format",    "json",
                                      "--max-content",   "1000",
                                      "--idle-timeout",  "1.5",
                                      "--max-buffered",  "3GiB",
                                      "--drain-timeout", "0",
                                      "--search-file",   "a\\b#c",
                                      "--print-config"});
  CHECK(printed.find("threads = 7  # flag --threads\n") != std::string::npos);
  CHECK(printed.find("pid-file = \"\"  # default\n") != std::string::npos);
  write_text_file(config, printed);
  const std::string again = answer({"--config", config, "--print-config"});

  const auto without_comments = [](const std::string& text) {
    std::string values;
    std::size_t begin = 0;
    for (std::size_t end = text.find('\n'); end != text.npos; end = text.find('\n', begin)) {
      const std::string line = text.substr(begin, end - begin);
      values += line.substr(0, line.find("  # ")) + "\n";
      begin = end + 1;
    }
    return values;
  };
  CHECK(without_comments(printed) == without_comments(again));
  CHECK(again.find("threads = 7  # " + config + ":2: threads\n") != std::string::npos);
}

TEST_CASE_FIXTURE(OptionsFixture, "options: --check-config says that it is valid, or what is not") {
  CHECK(answer({"--check-config"}) == "configuration is valid\n");
  CHECK(refusal({"--check-config", "--threads", "x"}).starts_with("flag --threads"));
  const std::string entries = folder.file("s.json");
  CHECK(refusal({"--check-config", "--search-file", entries}, ExitCode::kFailure) ==
        "search file: open \"" + entries + "\": No such file or directory");
  write_text_file(entries, R"({"a": "b"})");
  CHECK(answer({"--check-config", "--search-file", entries}) == "configuration is valid\n");
}

TEST_CASE_FIXTURE(OptionsFixture,
                  "options: help and version answer even where the environment is wrong") {
  environment = {{"APPD_THREADS", "x"}};
  CHECK(answer({"--version"}).starts_with("appd "));
  const std::string help = answer({"--help"});
  for (const char* flag : {"--listen",
                           "--threads",
                           "--config",
                           "--search-file",
                           "--log-level",
                           "--log-format",
                           "--log-file",
                           "--pid-file",
                           "--daemon",
                           "--max-content",
                           "--max-connections",
                           "--max-connections-per-peer",
                           "--header-timeout",
                           "--request-timeout",
                           "--idle-timeout",
                           "--write-timeout",
                           "--write-high-watermark",
                           "--max-buffered",
                           "--drain-timeout",
                           "--check-config",
                           "--print-config",
                           "--version",
                           "--help"}) {
    CAPTURE(flag);
    CHECK(help.find(flag) != std::string::npos);
  }
}

TEST_CASE_FIXTURE(OptionsFixture,
                  "options: a daemon of a user's own adds its options to all sources") {
  std::size_t entries = 1;
  program.name = "cached";
  program.version = "9.9";
  program.environment_prefix = "CACHED_";
  program.add_options = [&entries](OptionTable& table) {
    table.add(count_option("cache-entries", "Entries kept", entries, 1, 100));
  };
  CHECK_FALSE(parse({"--cache-entries", "7"}).answer);
  CHECK(entries == 7);
  environment = {{"CACHED_CACHE_ENTRIES", "8"}, {"CACHED_THREADS", "2"}, {"APPD_THREADS", "3"}};
  CHECK(options({}).threads == 2);
  CHECK(entries == 8);
  environment.clear();
  write_text_file(config, "cache_entries = 9\n");
  CHECK(answer({"--config", config, "--print-config"})
            .find("cache-entries = 9  # " + config + ":1: cache-entries\n") != std::string::npos);
  CHECK(answer({"--help"}).find("--cache-entries N") != std::string::npos);
  CHECK(answer({"--version"}) == "cached 9.9\n");
}

TEST_CASE_FIXTURE(OptionsFixture, "options: a reload changes few, and tells of the others") {
  write_text_file(config, "threads = 3\nlog-level = \"info\"\n");
  const ParsedOptions before = parse({"--config", config});
  write_text_file(
      config, "threads = 4\nlisten = [\"127.0.0.1:7\"]\nmax-content = 5\nlog-level = \"warn\"\n");
  const std::string path = "--config=" + config;
  const char* const arguments[] = {"appd", path.c_str(), nullptr};
  const auto no_environment = [](const std::string&) { return std::optional<std::string>(); };
  const ParsedOptions after =
      parse_options(2, arguments, no_environment, program, folder.path(), before.values);
  CHECK(after.changes.applied == Texts{"log-level"});
  CHECK(after.changes.need_restart == Texts{"listen", "threads", "max-content"});
  CHECK(after.options.threads == 3);
  CHECK(after.options.limits.max_content == before.options.limits.max_content);
  CHECK(after.options.log.level == Level::kWarn);
  CHECK(after.values.at("threads") == Texts{"3"});
}

TEST_CASE_FIXTURE(OptionsFixture, "options: relative paths are those of the folder of the start") {
  write_text_file(config, "threads = 3\n");
  const char* const arguments[] = {"appd", "--config=appd.toml", "--daemon", "--log-file=log",
                                   nullptr};
  const auto no_environment = [](const std::string&) { return std::optional<std::string>(); };
  const ParsedOptions parsed = parse_options(4, arguments, no_environment, program, folder.path());
  CHECK(parsed.options.threads == 3);
  CHECK(parsed.options.log.file == folder.file("log"));
}
