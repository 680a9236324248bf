#include "clients/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <memory>
#include <string_view>

namespace appd::clients {
namespace {

constexpr std::size_t kMaxConnections = 100'000;
constexpr std::size_t kMaxRepeat = 1'000'000'000;
constexpr std::size_t kMaxPipeline = 100'000;
constexpr double kMaxTimeoutSeconds = 1e6;
constexpr std::uint64_t kDefaultMaxContent = 64 * 1024 * 1024;

constexpr const char* kUsage =
    R"(Usage: appctl [--server ADDRESS] [options] ACTION [VALUE]
       appctl [--server ADDRESS] [options] call ACTION [VALUE]
       appctl [--server ADDRESS] [options] VALUE...        (echo servers)
       appctl resolve HOST [SERVICE]

Calls an action of a message server and prints the result.)";

constexpr const char* kFooter =
    R"(ADDRESS is PROTOCOL[+TRANSPORT]://HOST:PORT or a path; PROTOCOL is app, message-echo,
framed-echo or raw-echo, TRANSPORT is tcp or unix. An echo server gets the words, joined by
spaces, and what comes back must be what was sent.

binary, double and negate are sent as the tutorial's client does it: the action's and the value's
bytes, or the name and a big-endian int32. Every other action goes as JSON; its VALUE is JSON where
it is valid JSON and a string otherwise (for search always a string). Without VALUE the message has
none. VALUE - is standard input, which counts as a file; one line end behind a file's text is not
part of it. Words behind -- are taken as they are. Negative numbers need no --.

--output text prints the result; json prints an object a reply, errors too, with error, status,
request-id, result, content-base64 (all but JSON content) and header; raw prints the content's
bytes as they came.

Exit: 0 done, 1 the server answered an error, 2 wrong usage, 3 cannot connect, 4 timeout,
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
  auto* binary = app.add_flag("--binary", parsed.binary,
                              "Send the action's and the value's bytes, for any action");
  json->excludes(string)->excludes(binary);
  string->excludes(binary);
  app.add_option("--file", parsed.line.file, "Take VALUE from a file; - is standard input")
      ->type_name("F");
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
  return words.size() == 2 ? take_value(words[1], line) : Result<void>();
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
  if (!words.empty() && words[0].is("call")) words.erase(words.begin());
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
  return std::move(parsed.line);
}

}  // namespace appd::clients
