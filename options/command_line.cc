#include "appd/options/command_line.h"

#include <CLI/CLI.hpp>
#include <deque>
#include <memory>

#include "appd/options/start_error.h"
#include "appd/protocol/text/printable_text.h"

namespace appd::options {
namespace {

constexpr std::size_t kHelpColumn = 34;

// Where CLI11 puts what it finds for one option.
struct Slot {
  const Option* option = nullptr;
  CLI::Option* flag = nullptr;
  std::vector<std::string> texts;
};

class Formatter final : public CLI::Formatter {
 public:
  explicit Formatter(std::string usage) : usage_(std::move(usage)) { column_width(kHelpColumn); }
  std::string make_usage(const CLI::App* app, std::string name) const override {
    return usage_.empty() ? CLI::Formatter::make_usage(app, std::move(name)) : usage_ + "\n";
  }

 private:
  const std::string usage_;
};

std::string help_of(const Option& option) {
  if (option.arity == Option::Arity::kSwitch) return option.help;
  std::string value;
  for (const std::string& text : option.print()) value += (value.empty() ? "" : ", ") + text;
  return value.empty() ? option.help : option.help + " [" + value + "]";
}

void add_flag(CLI::App& app, Slot& slot) {
  const Option& option = *slot.option;
  const std::string flag = "--" + option.name;
  if (option.arity == Option::Arity::kSwitch) {
    slot.flag = app.add_flag(flag, slot.texts, help_of(option));
  } else {
    // One value a flag: CLI11 would let a list swallow the arguments behind it, and would take
    // "[::1]" for a list in brackets.
    slot.flag = app.add_option(flag, slot.texts, help_of(option))
                    ->type_name(option.value_name)
                    ->expected(1)
                    ->allow_extra_args(false);
  }
  slot.flag->multi_option_policy(option.arity == Option::Arity::kMany
                                     ? CLI::MultiOptionPolicy::TakeAll
                                     : CLI::MultiOptionPolicy::TakeLast);
}

void add_configuration_flags(CLI::App& app, CommandLine& line) {
  app.add_option("--config", line.config, "Read options from this TOML file")
      ->type_name("FILE")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  app.add_flag("--check-config", line.check_config, "Check options and files, say so and exit");
  app.add_flag("--print-config", line.print_config,
               "Print the options that count, as a configuration file, and exit");
}

void add_own_flags(CLI::App& app, CommandLine& line, bool configurable) {
  app.set_help_flag();  // CLI11's own would throw; ours is a flag like the others
  if (configurable) add_configuration_flags(app, line);
  app.add_flag("--version", line.version, "Print the version and exit");
  app.add_flag("-h,--help", line.help, "Print this and exit");
}

// Throws UsageError.
void refuse_leftovers(const std::vector<std::string>& leftovers, const OptionTable& table,
                      const std::string& program) {
  if (leftovers.empty()) return;
  const std::string& first = leftovers.front();
  if (!first.starts_with("-") || first == "--") {
    throw UsageError("unexpected argument " + protocol::in_quotes(first) + "; see " + program +
                     " --help");
  }
  const std::string flag = first.substr(0, first.find('='));
  const std::string nearest = table.nearest_name(flag);
  throw UsageError(
      "unknown flag " + protocol::in_quotes(flag) + "; " +
      (nearest.empty() ? "see " + program + " --help" : "did you mean --" + nearest + "?"));
}

void parse(CLI::App& app, const std::vector<std::string>& arguments) {
  try {
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));  // as CLI11 wants
  } catch (const CLI::ArgumentMismatch& error) {  // "--threads: 1 required N missing"
    const std::string text = error.what();
    throw UsageError("flag " + text.substr(0, text.find(':')) + ": a value must follow");
  } catch (const CLI::ParseError& error) {
    throw UsageError("flag " + protocol::on_one_line(error.what()));
  }
}

}  // namespace

CommandLine parse_command_line(const std::vector<std::string>& arguments, const OptionTable& table,
                               const CommandLineForm& form) {
  CommandLine line;
  CLI::App app(form.summary, form.program);
  app.allow_extras();
  app.formatter(std::make_shared<Formatter>(form.usage));
  app.footer(form.footer);
  std::deque<Slot> slots;  // CLI11 keeps references
  for (const OptionTable::Entry& entry : table.entries()) {
    add_flag(app, slots.emplace_back(Slot{.option = &entry.option, .texts = {}}));
  }
  add_own_flags(app, line, form.configurable);
  line.help_text = app.help();
  parse(app, arguments);
  refuse_leftovers(app.remaining(), table, form.program);
  for (Slot& slot : slots) {
    if (slot.flag->count() == 0) continue;
    const std::string& name = slot.option->name;
    line.values.push_back({name, std::move(slot.texts), "flag --" + name});
  }
  return line;
}

}  // namespace appd::options
