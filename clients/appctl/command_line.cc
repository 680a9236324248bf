#include "appd/clients/appctl/command_line.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <span>
#include <string_view>

#include "appd/clients/appctl/tutorial_form.h"
#include "appd/options/command_line.h"
#include "appd/options/option_table.h"
#include "appd/options/start_error.h"
#include "appd/protocol/text/json.h"
#include "appd/protocol/text/utf8.h"

namespace appd::clients {
namespace {

using options::Option;
using options::OptionTable;
using std::chrono_literals::operator""h;
using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""ns;
using std::chrono_literals::operator""s;

constexpr std::size_t kMaxConnections = 100'000;
constexpr std::size_t kMaxRepeat = 1'000'000'000;
constexpr std::size_t kMaxPipeline = 100'000;
constexpr reactor::Duration kMaxTimeout = 1'000'000s;
constexpr reactor::Duration kMaxBenchTime = 24h;
constexpr double kMinRate = 0.001;
constexpr double kMaxRate = 1e8;
constexpr std::uint64_t kDefaultMaxContent = 64 * 1024 * 1024;
// 16 times what a server takes by default, and no more than a machine has to spare: a device that
// never ends must not take all memory before that is noticed.
constexpr std::uint64_t kDefaultMaxValue = 256 * 1024 * 1024;

constexpr const char* kUsage =
    R"(Usage: appctl [--server ADDRESS] [options] ACTION [VALUE...]
       appctl [--server ADDRESS] [options] call ACTION [VALUE...]
       appctl [--server ADDRESS] [options] VALUE...        (echo servers)
       appctl [--server ADDRESS] [options] bench ACTION [VALUE...]
       appctl resolve HOST [SERVICE]

Calls an action of a message server and prints the result.)";

constexpr const char* kFooter =
    R"(ADDRESS is PROTOCOL[+TRANSPORT]://HOST:PORT or a path; PROTOCOL is app, message-echo,
framed-echo or raw-echo, TRANSPORT is tcp or unix. An echo server gets the words, joined by
spaces, and what comes back must be what was sent.

binary, double and negate are sent as the tutorial's client does it: the action's and the value's
bytes, or the name and a big-endian int32. Every other action goes as JSON; its VALUE is JSON where
it is valid JSON and a string otherwise (for search always a string), and several VALUEs are an array
of them. For a server that means
something else by these names, --json and --binary with --file send them as any other. Without VALUE
the message has none. VALUE - is standard input, which counts as a file; one line end behind a file's text is not
part of it, nor is a byte order mark in front of it. Words behind -- are taken as they are. Negative numbers need no --.

bench sends the same request again and again, compares every reply with the first one, and prints
rate and latencies; --output json is one object of numbers.

--output text prints the result; json prints an object a reply, errors too, with error, status,
request-id, result, content-base64 (all but JSON content) and header; raw prints the content's
bytes as they came.

Exit: 0 done, 1 the server answered an error or the result cannot be written, 2 wrong usage, 3 cannot connect, 4 timeout,
5 the peer broke the protocol.)";

// A word that is no option. `literal`: it stood behind "--".
struct Word {
  std::string text;
  bool literal = false;
  [[nodiscard]] bool is(std::string_view name) const { return !literal && text == name; }
};

// What the table's variables are, and which of them were given.
struct Parsed {
  bool json = false;
  bool string = false;
  bool binary = false;
  std::vector<std::string> given;  // names of options
  CommandLine line;

  [[nodiscard]] bool has(std::string_view name) const {
    return std::ranges::find(given, name) != given.end();
  }
};

tl::unexpected<Error> wrong_usage(std::string text) {
  return fail(ClientError::kInvalidRequest, std::move(text));
}

protocol::Result<protocol::Address> parse_server(const std::string& text) {
  auto server = protocol::parse_address(text, kSpokenProtocols);
  if (server && server->transport == protocol::TransportKind::kTcp && server->port == 0) {
    return protocol::fail(protocol::Status::kInvalidArgument,
                          "nobody can be called on port 0, in \"" + text + '"');
  }
  return server;
}

Option server_option(protocol::Address& server) {
  Option option{.name = "server",
                .value_name = "ADDRESS",
                .help = "Whom to call, unless the environment says it: APPCTL_SERVER"};
  option.parse = [&server](std::span<const std::string> texts) {
    return parse_server(texts.back()).map([&server](protocol::Address parsed) {
      server = std::move(parsed);
    });
  };
  option.print = [&server] { return std::vector{server.to_string()}; };
  return option;
}

// The name of a file: any bytes.
Option file_option(std::string name, std::string help, std::optional<std::string>& file) {
  Option option{.name = std::move(name), .value_name = "FILE", .help = std::move(help)};
  option.parse = [&file](std::span<const std::string> texts) -> options::Result<void> {
    file = texts.back();
    return {};
  };
  option.print = [] { return std::vector<std::string>(); };
  return option;
}

Option header_option(std::vector<std::string>& fields) {
  Option option{.name = "header",
                .value_name = "NAME=VALUE",
                .help =
                    "Add a header field, again for more; VALUE is JSON where valid, else a "
                    "string",
                .arity = Option::Arity::kMany};
  option.parse = [&fields](std::span<const std::string> texts) -> options::Result<void> {
    fields.assign(texts.begin(), texts.end());
    return {};
  };
  option.print = [&fields] { return fields; };
  return option;
}

Option rate_option(double& rate) {
  Option option{.name = "rate",
                .value_name = "R",
                .help =
                    "bench: requests a second, each sent when it is due, and latency counts "
                    "from then; without it the next one follows each reply"};
  option.parse = [&rate](std::span<const std::string> texts) {
    return options::parse_decimal(texts.back(), kMinRate, kMaxRate).map([&rate](double parsed) {
      rate = parsed;
    });
  };
  option.print = [] { return std::vector<std::string>(); };
  return option;
}

void add_value_options(OptionTable& table, Parsed& parsed) {
  CommandLine& line = parsed.line;
  table.add(options::switch_option("json", "VALUE is JSON, for any action", parsed.json));
  table.add(options::switch_option("string", "VALUE is a string, for any action", parsed.string));
  table.add(options::switch_option(
      "binary",
      "Send bytes, for any action: the action's and VALUE's, or with --file the file's, and the "
      "action in the header",
      parsed.binary));
  table.add(file_option("file", "Take VALUE from a file; - is standard input", line.file));
  table.add(options::size_option("max-value", "Bytes of a file or of standard input at most",
                                 line.max_value_bytes));
  table.add(header_option(line.header_fields));
}

void add_run_options(OptionTable& table, CommandLine& line) {
  table.add(options::switch_option("trace", "Show the wire on standard error", line.trace));
  table.add(options::count_option("connections", "Connections at once", line.connections, 1,
                                  kMaxConnections));
  table.add(options::count_option("repeat", "Requests on each of them, kept alive if more than 1",
                                  line.repeat, 1, kMaxRepeat));
  table.add(options::count_option("pipeline", "Requests on the wire without a reply", line.pipeline,
                                  1, kMaxPipeline));
  table.add(options::duration_option("timeout",
                                     "For connecting and a reply, or from one reply to the next",
                                     line.timeout, 1ns, kMaxTimeout));
  table.add(options::size_option("max-content", "Bytes of a reply's content at most",
                                 line.max_content_bytes));
}

constexpr const char* kBenchOptions[] = {"one-shot", "duration", "warmup", "rate", "expect"};
constexpr const char* kNotBenchOptions[] = {"repeat", "trace"};

void add_bench_options(OptionTable& table, CommandLine& line) {
  table.add(
      options::switch_option("one-shot", "bench: a connection for each request", line.one_shot));
  table.add(options::duration_option("duration", "bench: the time that is measured", line.duration,
                                     1ms, kMaxBenchTime));
  table.add(options::duration_option("warmup", "bench: the time before that does not count",
                                     line.warmup, reactor::Duration::zero(), kMaxBenchTime));
  table.add(rate_option(line.rate));
  table.add(file_option("expect",
                        "bench: a file with the bytes that a raw-echo server sends back for each "
                        "request instead of what was sent",
                        line.expect));
}

void add_options(OptionTable& table, Parsed& parsed) {
  CommandLine& line = parsed.line;
  table.add(server_option(line.server));
  add_value_options(table, parsed);
  add_run_options(table, line);
  add_bench_options(table, line);
  table.add(options::choice_option(
      "output", "What to print", line.output,
      {{"text", OutputFormat::kText}, {"json", OutputFormat::kJson}, {"raw", OutputFormat::kRaw}}));
}

bool is_option(std::string_view argument) {
  if (argument.size() < 2 || argument[0] != '-') return false;
  const char next = argument[1];
  return next != '.' && (next < '0' || next > '9');  // else a negative number
}

// Flags that are in no table.
constexpr std::array<std::string_view, 3> kOwnFlags = {"-h", "--help", "--version"};

tl::unexpected<Error> unknown_option(const OptionTable& table, const std::string& argument) {
  const std::string nearest = table.nearest_name(argument.substr(0, argument.find('=')));
  return wrong_usage("The following argument was not expected: " + argument +
                     (nearest.empty() ? "" : "; did you mean --" + nearest + "?"));
}

// Words apart from options, which may stand anywhere: `flags` gets these, with their values. What
// would be an option elsewhere may be a word here: -300, and what stands behind "--".
Result<std::vector<Word>> take_words(const OptionTable& table,
                                     const std::vector<std::string>& arguments,
                                     std::vector<std::string>& flags) {
  std::vector<Word> words;
  bool literal = false;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (literal || !is_option(argument)) {
      words.push_back({argument, literal});
      continue;
    }
    literal = argument == "--";
    if (literal) continue;
    flags.push_back(argument);
    if (std::ranges::find(kOwnFlags, argument) != kOwnFlags.end()) continue;
    const std::size_t equals = argument.find('=');
    const Option* const option =
        argument.starts_with("--") ? table.find(argument.substr(2, equals - 2)) : nullptr;
    if (option == nullptr) return unknown_option(table, argument);
    const bool value_follows =
        option->arity != Option::Arity::kSwitch && equals == std::string::npos;
    if (value_follows && i + 1 < arguments.size()) flags.push_back(arguments[++i]);
  }
  return words;
}

Result<void> take_resolve_words(const std::vector<Word>& words, CommandLine& line) {
  if (words.size() < 2 || words.size() > 3) return wrong_usage("resolve takes HOST [SERVICE]");
  line.command = Command::kResolve;
  line.host = words[1].text;
  if (words.size() == 3) line.service = words[2].text;
  return {};
}

Result<void> take_value(const Word& word, CommandLine& line) {
  if (line.file) {
    return wrong_usage("the value is given twice: --file " + *line.file + " and \"" + word.text +
                       '"');
  }
  if (word.is("-")) {
    line.file = word.text;
  } else {
    line.value = word.text;
  }
  return {};
}

// Appends what `word` is as JSON: a string where it is no JSON, or where `form` says so.
Result<void> append_word(const Word& word, ValueForm form, std::string& json) {
  if (word.is("-")) {
    return wrong_usage("standard input, -, is a VALUE alone, not one of several");
  }
  if (form != ValueForm::kString) {
    if (const auto view = protocol::JsonView::parse(word.text)) {
      json += view->text();
      return {};
    }
    if (form == ValueForm::kJson) return wrong_usage("\"" + word.text + "\" is not JSON");
  }
  if (!protocol::is_valid_utf8(word.text)) return wrong_usage("a VALUE is not UTF-8");
  protocol::append_json_string(json, word.text);
  return {};
}

// Several values: an array of them.
Result<void> take_values(std::span<const Word> words, CommandLine& line) {
  if (tutorial_form(line.action, line.form) != TutorialForm::kNone) {
    return wrong_usage("too many words, from \"" + words[1].text +
                       "\" on: a VALUE with spaces needs quotes");
  }
  std::string array = "[";
  for (const Word& word : words) {
    if (array.size() > 1) array += ", ";
    if (auto done = append_word(word, line.form, array); !done) return done;
  }
  array += ']';
  line.form = ValueForm::kJson;
  return take_value({.text = std::move(array)}, line);
}

Result<void> take_call_words(std::vector<Word> words, CommandLine& line) {
  if (words.empty()) return wrong_usage("which ACTION? See appctl --help");
  line.action = words[0].text;
  if (words.size() > 2) return take_values(std::span(words).subspan(1), line);
  if (words.size() == 2) {
    if (auto done = take_value(words[1], line); !done) return done;
  }
  if (line.form == ValueForm::kBinary && line.file) line.form = ValueForm::kContent;
  return {};
}

Result<void> take_echo_words(std::vector<Word> words, CommandLine& line) {
  if (words.empty()) {
    return line.file ? Result<void>() : wrong_usage("which VALUE? See appctl --help");
  }
  Word value = words[0];
  for (std::size_t i = 1; i < words.size(); ++i) {
    value.text += ' ' + words[i].text;
    value.literal = true;
  }
  return take_value(value, line);
}

Result<void> take_words_of_command(std::vector<Word> words, CommandLine& line) {
  if (!words.empty() && words[0].is("resolve")) return take_resolve_words(words, line);
  const bool bench = !words.empty() && words[0].is("bench");
  if (bench) line.command = Command::kBench;
  if (bench || (!words.empty() && words[0].is("call"))) words.erase(words.begin());
  const bool echo = line.server.protocol != protocol::Protocol::kApp;
  return echo ? take_echo_words(std::move(words), line) : take_call_words(std::move(words), line);
}

Result<void> take_form(Parsed& parsed) {
  if (parsed.json && parsed.string) return wrong_usage("--json excludes --string");
  if (parsed.json && parsed.binary) return wrong_usage("--json excludes --binary");
  if (parsed.string && parsed.binary) return wrong_usage("--string excludes --binary");
  parsed.line.form = parsed.json     ? ValueForm::kJson
                     : parsed.string ? ValueForm::kString
                     : parsed.binary ? ValueForm::kBinary
                                     : ValueForm::kAutomatic;
  return {};
}

Result<void> check_bench(const Parsed& parsed) {
  const CommandLine& line = parsed.line;
  for (const char* option : kNotBenchOptions) {
    if (parsed.has(option)) return wrong_usage("--" + std::string(option) + " is not for bench");
  }
  if (line.one_shot && line.pipeline > 1) {
    return wrong_usage("--one-shot and --pipeline contradict each other");
  }
  if (line.expect && line.server.protocol != protocol::Protocol::kRawEcho) {
    return wrong_usage("--expect is for a raw-echo server");
  }
  if (line.output == OutputFormat::kRaw) return wrong_usage("--output raw is not for bench");
  return {};
}

// The options of one command with the words of another are a mistake.
Result<void> check_command(const Parsed& parsed) {
  if (parsed.line.command == Command::kBench) return check_bench(parsed);
  for (const char* option : kBenchOptions) {
    if (parsed.has(option)) return wrong_usage("--" + std::string(option) + " is for bench only");
  }
  return {};
}

// A flag counts before the environment. Throws options::UsageError.
void apply_values(OptionTable& table, const std::vector<options::GivenValue>& values,
                  Parsed& parsed) {
  for (const options::GivenValue& value : values) {
    table.apply(value);
    parsed.given.push_back(value.name);
  }
  const char* const server = std::getenv("APPCTL_SERVER");
  if (server == nullptr || *server == '\0' || parsed.has("server")) return;
  table.apply({"server", {server}, "environment variable APPCTL_SERVER"});
}

CommandLine show(std::string text) {
  CommandLine line;
  line.command = Command::kShowText;
  line.text = std::move(text);
  return line;
}

Parsed defaults() {
  Parsed parsed;
  parsed.line.server = protocol::parse_address(protocol::kDefaultAddress).value();
  parsed.line.timeout = 30s;
  parsed.line.duration = 5s;
  parsed.line.warmup = 1s;
  parsed.line.max_content_bytes = kDefaultMaxContent;
  parsed.line.max_value_bytes = kDefaultMaxValue;
  return parsed;
}

// Throws options::UsageError.
Result<CommandLine> parse(const std::vector<std::string>& arguments) {
  Parsed parsed = defaults();
  OptionTable table;
  add_options(table, parsed);
  std::vector<std::string> flags;
  auto words = take_words(table, arguments, flags);
  if (!words) return tl::unexpected(std::move(words.error()));
  const options::CommandLine given =
      options::parse_command_line(flags, table,
                                  {.program = "appctl",
                                   .summary = {},
                                   .footer = std::string(options::kQuantityHelp) + kFooter,
                                   .usage = kUsage,
                                   .configurable = false});
  if (given.help) return show(given.help_text);
  if (given.version) return show("appctl " APPCTL_VERSION "\n");
  apply_values(table, given.values, parsed);
  return take_form(parsed)
      .and_then([&] { return take_words_of_command(*std::move(words), parsed.line); })
      .and_then([&] { return check_command(parsed); })
      .map([&] { return std::move(parsed.line); });
}

}  // namespace

Result<CommandLine> parse_command_line(const std::vector<std::string>& arguments) {
  try {
    return parse(arguments);
  } catch (const options::UsageError& error) {
    return wrong_usage(error.what());
  }
}

}  // namespace appd::clients
