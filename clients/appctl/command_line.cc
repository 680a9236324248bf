#include "appd/clients/appctl/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <string_view>

namespace appd::clients {
namespace {

constexpr std::size_t kMaxConnections = 100'000;
constexpr std::size_t kMaxRepeat = 1'000'000'000;
constexpr std::size_t kMaxPipeline = 100'000;
constexpr double kMaxTimeoutSeconds = 1e6;
constexpr double kMaxBenchSeconds = 86'400;
constexpr double kMaxRate = 1e8;
constexpr std::uint64_t kDefaultMaxContent = 64 * 1024 * 1024;
// 16 times what a server takes by default, and no more than a machine has to spare: a device that
// never ends must not take all memory before that is noticed.
constexpr std::uint64_t kDefaultMaxValue = 256 * 1024 * 1024;

constexpr const char* kUsage =
    R"(Usage: appctl [--server ADDRESS] [options] ACTION [VALUE]
       appctl [--server ADDRESS] [options] call ACTION [VALUE]
       appctl [--server ADDRESS] [options] VALUE...        (echo servers)
       appctl [--server ADDRESS] [options] bench ACTION [VALUE]
       appctl resolve HOST [SERVICE]

Calls an action of a message server and prints the result.)";

constexpr const char* kFooter =
    R"(ADDRESS is PROTOCOL[+TRANSPORT]://HOST:PORT or a path; PROTOCOL is app, message-echo,
framed-echo or raw-echo, TRANSPORT is tcp or unix. An echo server gets the words, joined by
spaces, and what comes back must be what was sent.

binary, double and negate are sent as the tutorial's client does it: the action's and the value's
bytes, or the name and a big-endian int32. Every other action goes as JSON; its VALUE is JSON where
it is valid JSON and a string otherwise (for search always a string). For a server that means
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

struct Parsed {
  std::string server{protocol::kDefaultAddress};
  bool json = false;
  bool string = false;
  bool binary = false;
  double timeout_seconds = 30;
  double duration_seconds = 5;
  double warmup_seconds = 1;
  bool version = false;
  bool help = false;
  CommandLine line;
};

class UsageFormatter final : public CLI::Formatter {
 public:
  std::string make_description(const CLI::App* /*app*/) const override { return {}; }
  std::string make_usage(const CLI::App* /*app*/, std::string /*name*/) const override {
    return std::string(kUsage) + "\n";
  }
};

tl::unexpected<Error> wrong_usage(std::string text) {
  return fail(ClientError::kInvalidRequest, std::move(text));
}

void define_value_options(CLI::App& app, Parsed& parsed) {
  auto* json = app.add_flag("--json", parsed.json, "VALUE is JSON, for any action");
  auto* string = app.add_flag("--string", parsed.string, "VALUE is a string, for any action");
  auto* binary = app.add_flag(
      "--binary", parsed.binary,
      "Send bytes, for any action: the action's and VALUE's, or with --file the file's, and the "
      "action in the header");
  json->excludes(string)->excludes(binary);
  string->excludes(binary);
  app.add_option("--file", parsed.line.file, "Take VALUE from a file; - is standard input")
      ->type_name("F");
  app.add_option("--max-value", parsed.line.max_value_bytes,
                 "Bytes of a file or of standard input at most")
      ->capture_default_str()
      ->type_name("BYTES");
  app.add_option("--header", parsed.line.header_fields,
                 "Add a header field, again for more; VALUE is JSON where valid, else a string")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false);
}

void define_run_options(CLI::App& app, Parsed& parsed) {
  CommandLine& line = parsed.line;
  app.add_option("--connections", line.connections, "Connections at once")
      ->capture_default_str()
      ->type_name("N")
      ->check(CLI::Range(std::size_t{1}, kMaxConnections));
  app.add_option("--repeat", line.repeat, "Requests on each of them, kept alive if more than 1")
      ->capture_default_str()
      ->type_name("N")
      ->check(CLI::Range(std::size_t{1}, kMaxRepeat));
  app.add_option("--pipeline", line.pipeline, "Requests on the wire without a reply")
      ->capture_default_str()
      ->type_name("N")
      ->check(CLI::Range(std::size_t{1}, kMaxPipeline));
  app.add_option("--timeout", parsed.timeout_seconds,
                 "Seconds for connecting and a reply, or from one reply to the next")
      ->capture_default_str()
      ->type_name("S");
  app.add_option("--max-content", line.max_content_bytes, "Bytes of a reply's content at most")
      ->capture_default_str()
      ->type_name("BYTES");
}

constexpr const char* kBenchOptions[] = {"--one-shot", "--duration", "--warmup", "--rate",
                                         "--expect"};
constexpr const char* kNotBenchOptions[] = {"--repeat", "--trace"};

void define_bench_options(CLI::App& app, Parsed& parsed) {
  CommandLine& line = parsed.line;
  app.add_flag("--one-shot", line.one_shot, "bench: a connection for each request");
  app.add_option("--duration", parsed.duration_seconds, "bench: seconds that are measured")
      ->capture_default_str()
      ->type_name("S");
  app.add_option("--warmup", parsed.warmup_seconds, "bench: seconds before that do not count")
      ->capture_default_str()
      ->type_name("S");
  app.add_option("--rate", line.rate,
                 "bench: requests a second, each sent when it is due, and latency counts from "
                 "then; without it the next one follows each reply")
      ->type_name("R");
  app.add_option("--expect", line.expect,
                 "bench: a file with the bytes that a raw-echo server sends back for each request "
                 "instead of what was sent")
      ->type_name("F");
}

void define_options(CLI::App& app, Parsed& parsed) {
  app.formatter(std::make_shared<UsageFormatter>());
  app.footer(kFooter);
  app.set_help_flag();
  app.add_option("--server", parsed.server, "Whom to call")
      ->capture_default_str()
      ->type_name("ADDRESS")
      ->envname("APPCTL_SERVER");
  define_value_options(app, parsed);
  app.add_flag("--trace", parsed.line.trace, "Show the wire on standard error");
  define_run_options(app, parsed);
  define_bench_options(app, parsed);
  app.add_option_function<std::string>(
         "--output",
         [&](const std::string& name) {
           parsed.line.output = name == "json"  ? OutputFormat::kJson
                                : name == "raw" ? OutputFormat::kRaw
                                                : OutputFormat::kText;
         },
         "What to print: text, json or raw [text]")
      ->type_name("FORMAT")
      ->check(CLI::IsMember({"text", "json", "raw"}));
  app.add_flag("-h,--help", parsed.help, "Print this and exit");
  app.add_flag("--version", parsed.version, "Print the version and exit");
}

bool is_option(std::string_view argument) {
  if (argument.size() < 2 || argument[0] != '-') return false;
  const char next = argument[1];
  return next != '.' && (next < '0' || next > '9');  // else a negative number
}

// CLI11 sees options only: it would take -300 for one, and has words of its own ("++").
std::vector<Word> take_words(const CLI::App& app, const std::vector<std::string>& arguments,
                             std::vector<std::string>& options) {
  std::vector<Word> words;
  bool literal = false;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (literal || !is_option(argument)) {
      words.push_back({argument, literal});
    } else if (argument == "--") {
      literal = true;
    } else {
      options.push_back(argument);
      const CLI::Option* option = app.get_option_no_throw(argument);
      const bool has_value = option != nullptr && option->get_items_expected_max() > 0;
      if (has_value && i + 1 < arguments.size()) options.push_back(arguments[++i]);
    }
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

Result<void> take_call_words(std::vector<Word> words, CommandLine& line) {
  if (words.empty()) return wrong_usage("which ACTION? See appctl --help");
  if (words.size() > 2) {
    return wrong_usage("too many words, from \"" + words[2].text +
                       "\" on: a VALUE with spaces needs quotes");
  }
  line.action = words[0].text;
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

Result<void> take_server(const std::string& text, CommandLine& line) {
  auto server = protocol::parse_address(text);
  if (!server) return wrong_usage("--server: " + server.error().message);
  if (server->transport == protocol::TransportKind::kTcp && server->port == 0) {
    return wrong_usage("--server: nobody can be called on port 0, in \"" + text + '"');
  }
  line.server = *server;
  return {};
}

Result<void> take_words_of_command(std::vector<Word> words, CommandLine& line) {
  if (!words.empty() && words[0].is("resolve")) return take_resolve_words(words, line);
  const bool bench = !words.empty() && words[0].is("bench");
  if (bench) line.command = Command::kBench;
  if (bench || (!words.empty() && words[0].is("call"))) words.erase(words.begin());
  const bool echo = line.server.protocol != protocol::Protocol::kApp;
  return echo ? take_echo_words(std::move(words), line) : take_call_words(std::move(words), line);
}

Result<void> check_values(Parsed& parsed) {
  CommandLine& line = parsed.line;
  const double seconds = parsed.timeout_seconds;
  if (!(seconds > 0 && seconds <= kMaxTimeoutSeconds)) {
    return wrong_usage("--timeout: must be above 0 and at most 1000000 seconds");
  }
  // Rounded up: a time-out is never shorter than asked for.
  line.timeout = std::chrono::ceil<reactor::Duration>(std::chrono::duration<double>(seconds));
  line.form = parsed.json     ? ValueForm::kJson
              : parsed.string ? ValueForm::kString
              : parsed.binary ? ValueForm::kBinary
                              : ValueForm::kAutomatic;
  return take_server(parsed.server, line);
}

Result<reactor::Duration> bench_seconds(const char* option, double seconds, double least) {
  if (!(seconds >= least && seconds <= kMaxBenchSeconds)) {
    char text[96];
    std::snprintf(text, sizeof text, "%s: must be %g to %g seconds", option, least,
                  kMaxBenchSeconds);
    return wrong_usage(text);
  }
  return std::chrono::ceil<reactor::Duration>(std::chrono::duration<double>(seconds));
}

Result<void> check_bench_values(const CLI::App& app, Parsed& parsed) {
  CommandLine& line = parsed.line;
  for (const char* option : kNotBenchOptions) {
    if (app.count(option) > 0) return wrong_usage(std::string(option) + " is not for bench");
  }
  const auto duration = bench_seconds("--duration", parsed.duration_seconds, 0.001);
  if (!duration) return tl::unexpected(duration.error());
  const auto warmup = bench_seconds("--warmup", parsed.warmup_seconds, 0);
  if (!warmup) return tl::unexpected(warmup.error());
  line.duration = *duration;
  line.warmup = *warmup;
  if (app.count("--rate") > 0 && !(line.rate >= 0.001 && line.rate <= kMaxRate)) {
    return wrong_usage("--rate: must be 0.001 to 100000000 requests a second");
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
Result<void> check_command(const CLI::App& app, Parsed& parsed) {
  if (parsed.line.command == Command::kBench) return check_bench_values(app, parsed);
  for (const char* option : kBenchOptions) {
    if (app.count(option) > 0) return wrong_usage(std::string(option) + " is for bench only");
  }
  return {};
}

CommandLine show(std::string text) {
  CommandLine line;
  line.command = Command::kShowText;
  line.text = std::move(text);
  return line;
}

}  // namespace

Result<CommandLine> parse_command_line(const std::vector<std::string>& arguments) {
  Parsed parsed;
  parsed.line.max_content_bytes = kDefaultMaxContent;
  parsed.line.max_value_bytes = kDefaultMaxValue;
  CLI::App app;
  define_options(app, parsed);
  std::vector<std::string> options;
  auto words = take_words(app, arguments, options);
  std::reverse(options.begin(), options.end());  // as CLI11 wants them
  try {
    app.parse(options);
  } catch (const CLI::ParseError& error) {
    return wrong_usage(error.what());
  }
  if (parsed.help) return show(app.help());
  if (parsed.version) return show("appctl " APPCTL_VERSION "\n");
  if (auto done = check_values(parsed); !done) return tl::unexpected(done.error());
  if (auto done = take_words_of_command(std::move(words), parsed.line); !done) {
    return tl::unexpected(done.error());
  }
  if (auto done = check_command(app, parsed); !done) return tl::unexpected(done.error());
  return std::move(parsed.line);
}

}  // namespace appd::clients
