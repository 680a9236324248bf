#include "appd/options/option_table.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <numeric>
#include <stdexcept>

#include "appd/options/start_error.h"
#include "appd/protocol/text/printable_text.h"
#include "appd/protocol/text/utf8.h"

namespace appd::options {
namespace {

using protocol::Status;

// Flags of every program; they steer the parsing itself, so that no table may declare them.
constexpr std::array<std::string_view, 5> kOwnFlags = {"check-config", "config", "help",
                                                       "print-config", "version"};
// A name that differs in more letters is no misspelling.
constexpr std::size_t kNearDistance = 2;

bool is_option_name(std::string_view name) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  };
  return !name.empty() && name.front() != '-' && std::ranges::all_of(name, allowed);
}

// Letters to insert, remove or change to get from one to the other (Levenshtein).
std::size_t distance(std::string_view from, std::string_view to) {
  std::vector<std::size_t> row(to.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < from.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < to.size(); ++j) {
      const std::size_t change = diagonal + (from[i] == to[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({change, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

std::function<Result<void>(std::span<const std::string>)> one_text(
    std::function<Result<void>(const std::string&)> parse) {
  return [parse = std::move(parse)](std::span<const std::string> texts) -> Result<void> {
    if (texts.size() == 1) return parse(texts[0]);
    return protocol::fail(Status::kInvalidArgument,
                          "takes one value, not " + std::to_string(texts.size()));
  };
}

Result<void> check_text(const std::string& text) {
  if (protocol::is_valid_utf8(text) && text.find('\0') == std::string::npos) return {};
  return protocol::fail(Status::kInvalidArgument,
                        protocol::in_quotes(text) + " must be UTF-8 without NUL");
}

std::string joined(const std::vector<std::string>& words) {
  std::string all;
  for (const std::string& word : words) all += (all.empty() ? "" : ", ") + word;
  return all;
}

std::string joined_by_bars(const std::vector<std::string>& words) {
  std::string all;
  for (const std::string& word : words) all += (all.empty() ? "" : "|") + word;
  return all;
}

Result<bool> parse_switch(const std::string& text) {
  if (text == "true" || text == "1" || text == "yes" || text == "on") return true;
  if (text == "false" || text == "0" || text == "no" || text == "off") return false;
  return protocol::fail(Status::kInvalidArgument,
                        protocol::in_quotes(text) + " is neither true nor false");
}

}  // namespace

namespace internal {

Result<std::uint64_t> parse_count(std::string_view text, std::uint64_t least, std::uint64_t most) {
  std::uint64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, value);
  if (error == std::errc() && stopped == end && value >= least && value <= most) return value;
  std::string text_of_range = std::to_string(least);
  // TOML's whole numbers end at 63 bits: a larger limit is none that anybody meets.
  text_of_range += most >= INT64_MAX ? " or more" : " to " + std::to_string(most);
  return protocol::fail(Status::kInvalidArgument,
                        protocol::in_quotes(text) + " is not a whole number of " + text_of_range);
}

Result<std::uint64_t> parse_size(std::string_view text, std::uint64_t least, std::uint64_t most) {
  Result<std::uint64_t> bytes = parse_byte_size(text);
  if (!bytes || (*bytes >= least && *bytes <= most)) return bytes;
  return protocol::fail(
      Status::kInvalidArgument,
      protocol::in_quotes(text) + " is out of range; give at " +
          (*bytes < least ? "least " + print_byte_size(least) : "most " + print_byte_size(most)));
}

std::string print_count(std::uint64_t count) { return std::to_string(count); }
std::string print_size(std::uint64_t bytes) { return print_byte_size(bytes); }

Result<std::size_t> parse_choice(std::string_view text, const std::vector<std::string>& words) {
  const auto found = std::ranges::find(words, text);
  if (found != words.end()) return static_cast<std::size_t>(found - words.begin());
  return protocol::fail(Status::kInvalidArgument,
                        protocol::in_quotes(text) + " is not one of " + joined(words));
}

Option number_option(Option head, std::function<void(std::uint64_t)> set,
                     std::function<std::uint64_t()> get,
                     std::function<Result<std::uint64_t>(std::string_view)> parse,
                     std::function<std::string(std::uint64_t)> print) {
  head.parse = one_text([set = std::move(set), parse = std::move(parse)](const std::string& text) {
    return parse(text).map(set);
  });
  head.print = [get = std::move(get), print = std::move(print)] {
    return std::vector<std::string>{print(get())};
  };
  return head;
}

Option word_option(Option head, std::vector<std::string> words,
                   std::function<void(std::size_t)> set, std::function<std::size_t()> get) {
  head.value_name = joined_by_bars(words);
  head.parse = one_text([set = std::move(set), words](const std::string& text) {
    return parse_choice(text, words).map(set);
  });
  head.print = [get = std::move(get), words] { return std::vector<std::string>{words[get()]}; };
  return head;
}

}  // namespace internal

Option switch_option(std::string name, std::string help, bool& variable) {
  Option option{.name = std::move(name), .help = std::move(help)};
  option.arity = Option::Arity::kSwitch;
  option.bare = true;
  option.parse = one_text([&variable](const std::string& text) {
    return parse_switch(text).map([&variable](bool on) { variable = on; });
  });
  option.print = [&variable] { return std::vector<std::string>{variable ? "true" : "false"}; };
  return option;
}

Option text_option(std::string name, std::string value_name, std::string help,
                   std::string& variable) {
  Option option{
      .name = std::move(name), .value_name = std::move(value_name), .help = std::move(help)};
  option.parse = one_text([&variable](const std::string& text) {
    return check_text(text).map([&variable, &text] { variable = text; });
  });
  option.print = [&variable] { return std::vector<std::string>{variable}; };
  return option;
}

std::string absolute_path(const std::string& path, const std::string& folder) {
  return (std::filesystem::path(folder) / path).string();
}

Option path_option(std::string name, std::string help, std::string& variable) {
  Option option = text_option(std::move(name), "FILE", std::move(help), variable);
  option.make_absolute = [&variable](const std::string& folder) {
    if (!variable.empty()) variable = absolute_path(variable, folder);
  };
  return option;
}

Option mode_option(std::string name, std::string help, unsigned& variable) {
  Option option{.name = std::move(name), .value_name = "MODE", .help = std::move(help)};
  option.octal = true;
  option.parse = one_text([&variable](const std::string& text) {
    return parse_mode(text).map([&variable](unsigned mode) { variable = mode; });
  });
  option.print = [&variable] { return std::vector<std::string>{print_mode(variable)}; };
  return option;
}

Option duration_option(std::string name, std::string help, reactor::Duration& variable,
                       reactor::Duration least, reactor::Duration most) {
  Option option{.name = std::move(name), .value_name = "TIME", .help = std::move(help)};
  option.parse = one_text([&variable, least, most](const std::string& text) -> Result<void> {
    const Result<reactor::Duration> time = parse_duration(text);
    if (!time) return tl::unexpected(time.error());
    if (*time < least) {
      return protocol::fail(
          Status::kInvalidArgument,
          protocol::in_quotes(text) + " is too short; give at least " + print_duration(least));
    }
    if (*time > most) {
      return protocol::fail(
          Status::kInvalidArgument,
          protocol::in_quotes(text) + " is too long; give at most " + print_duration(most));
    }
    variable = *time;
    return {};
  });
  option.print = [&variable] { return std::vector<std::string>{print_duration(variable)}; };
  return option;
}

void OptionTable::add(Option option) {
  if (!is_option_name(option.name)) {
    throw std::invalid_argument("option name " + protocol::in_quotes(option.name) +
                                " must be lower case letters, digits and '-'");
  }
  if (find(option.name) != nullptr || std::ranges::count(kOwnFlags, option.name) > 0) {
    throw std::invalid_argument("option " + option.name + " is there already");
  }
  entries_.push_back(Entry{.option = std::move(option)});
}

void OptionTable::apply(const GivenValue& given) {
  const auto named = [&given](const Entry& entry) { return entry.option.name == given.name; };
  const auto entry = std::ranges::find_if(entries_, named);
  if (entry == entries_.end()) {
    throw UsageError(given.source + ": there is no option " + protocol::in_quotes(given.name));
  }
  const Result<void> parsed = entry->option.parse(given.texts);
  if (!parsed) throw UsageError(given.source + ": " + parsed.error().message);
  entry->source = given.source;
}

const Option* OptionTable::find(std::string_view name) const {
  for (const Entry& entry : entries_) {
    if (entry.option.name == name) return &entry.option;
  }
  return nullptr;
}

std::string OptionTable::nearest_name(std::string_view wrong) const {
  wrong.remove_prefix(std::min(wrong.find_first_not_of('-'), wrong.size()));
  if (wrong.empty()) return {};
  std::string nearest;
  std::size_t least = kNearDistance + 1;
  for (const Entry& entry : entries_) {
    // Not near, however long it takes to find out by how much.
    if (wrong.size() > entry.option.name.size() + kNearDistance) continue;
    const std::size_t letters = distance(wrong, entry.option.name);
    if (letters < least) {
      least = letters;
      nearest = entry.option.name;
    }
  }
  return nearest;
}

void OptionTable::make_paths_absolute(const std::string& folder) {
  for (const Entry& entry : entries_) {
    if (entry.option.make_absolute) entry.option.make_absolute(folder);
  }
}

void OptionTable::need_restart_but(std::initializer_list<std::string_view> names) {
  for (Entry& entry : entries_) {
    entry.option.needs_restart = std::ranges::count(names, entry.option.name) == 0;
  }
}

OptionValues OptionTable::values() const {
  OptionValues values;
  for (const Entry& entry : entries_) values.emplace(entry.option.name, entry.option.print());
  return values;
}

OptionChanges OptionTable::keep(const OptionValues& running) {
  OptionChanges changes;
  for (const Entry& entry : entries_) {
    const Option& option = entry.option;
    const auto before = running.find(option.name);
    if (before == running.end() || before->second == option.print()) continue;
    (option.needs_restart ? changes.need_restart : changes.applied).push_back(option.name);
    if (option.needs_restart) static_cast<void>(option.parse(before->second));
  }
  return changes;
}

}  // namespace appd::options
