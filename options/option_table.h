// The options of a program, each declared once: the table drives flags, environment, configuration
// file, --help and --print-config. A daemon of a user's own adds its options to the same table.
//
//   table.add(count_option("cache-entries", "Entries kept in the cache", mine.entries, 1, 1000));
//
// Start-up only, one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <limits>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "appd/options/quantity.h"
#include "appd/protocol/status.h"
#include "appd/reactor/clock.h"

namespace appd::options {

using protocol::Result;

// One option, bound to the variable it sets. Values travel as text, whatever their source.
struct Option {
  enum class Arity : std::uint8_t {
    kSwitch,  // true or false; the flag alone says true
    kOne,     // one value; where a flag is repeated the last one counts
    kMany,    // a list: the flag repeated, commas in the environment, an array in the file
  };

  std::string name;             // "max-content": the flag without "--", the key of the file
  std::string value_name = {};  // "SIZE", for --help; empty for a switch
  std::string help = {};        // one sentence, no full stop
  Arity arity = Arity::kOne;
  bool bare = false;   // written into the file without quotes: whole numbers and switches
  bool octal = false;  // its digits are octal, whatever the notation of an integer in the file
  bool needs_restart = false;  // a reload leaves it as it is

  // Replaces the variable. Exactly one text unless kMany. Errors: the text repeats the value and
  // says what would be right; the variable is unchanged.
  std::function<Result<void>(std::span<const std::string> texts)> parse = {};
  // The variable as texts that parse() takes back to the same value.
  std::function<std::vector<std::string>()> print = {};
  // Makes relative paths in the variable absolute, against `folder`; absent where there are none.
  std::function<void(const std::string& folder)> make_absolute = {};
};

// Ready-made kinds. `variable` holds the default and outlives the table.
[[nodiscard]] Option switch_option(std::string name, std::string help, bool& variable);
// Any text that is valid UTF-8 without NUL.
[[nodiscard]] Option text_option(std::string name, std::string value_name, std::string help,
                                 std::string& variable);
// A text_option that names a file; empty: none.
[[nodiscard]] Option path_option(std::string name, std::string help, std::string& variable);
// `path` as seen from `folder`; an absolute one is what it is.
[[nodiscard]] std::string absolute_path(const std::string& path, const std::string& folder);
// A whole number from `least` to `most`. `Number` is std::size_t or std::uint64_t.
template <class Number>
[[nodiscard]] Option count_option(std::string name, std::string help, Number& variable,
                                  std::uint64_t least, std::uint64_t most);
// quantity.h: bytes, at least `least`.
template <class Number>
[[nodiscard]] Option size_option(std::string name, std::string help, Number& variable,
                                 std::uint64_t least = 0);
// quantity.h: permissions.
[[nodiscard]] Option mode_option(std::string name, std::string help, unsigned& variable);
// quantity.h: a time from `least` to `most`.
[[nodiscard]] Option duration_option(std::string name, std::string help,
                                     reactor::Duration& variable, reactor::Duration least,
                                     reactor::Duration most = kMaxDuration);

// One of a few words, each standing for a value.
template <class Value>
using Choices = std::vector<std::pair<std::string, Value>>;
template <class Value>
[[nodiscard]] Option choice_option(std::string name, std::string help, Value& variable,
                                   Choices<Value> choices);

// A value as some source gave it; the table's apply() takes it.
struct GivenValue {
  std::string name;                // of the option
  std::vector<std::string> texts;  // as many as were given
  std::string source;              // "flag --threads", "APPD_THREADS", "appd.toml:3"
};

// What the options of a table say, by name.
using OptionValues = std::map<std::string, std::vector<std::string>, std::less<>>;

// The names of options that say something else than before, in the order of the table.
struct OptionChanges {
  std::vector<std::string> applied;
  std::vector<std::string> need_restart;
};

class OptionTable {
 public:
  struct Entry {
    Option option;
    std::string source = "default";  // of the value that counts
  };

  // Throws std::invalid_argument: a name that is empty, not lower case letters, digits and '-', or
  // there already (help, version, config, check-config and print-config always are).
  void add(Option option);

  // Parses the value and remembers its source; later calls win. Throws UsageError:
  // "SOURCE: what was wrong and what would be right".
  void apply(const GivenValue& given);

  // nullptr: no such option. Valid until the next add().
  [[nodiscard]] const Option* find(std::string_view name) const;
  // In the order of add().
  [[nodiscard]] const std::vector<Entry>& entries() const { return entries_; }
  // The name most like `wrong`, dashes in front aside, for "did you mean"; empty where none is
  // near.
  [[nodiscard]] std::string nearest_name(std::string_view wrong) const;
  // Against `folder`, which is absolute: before a daemon leaves it.
  void make_paths_absolute(const std::string& folder);

  // Of the options so far, a reload changes those with these names, and leaves the others.
  void need_restart_but(std::initializer_list<std::string_view> names);
  [[nodiscard]] OptionValues values() const;
  // For a reload: the options that need a restart get the value of `running` back, so that the
  // table says what counts. What `running` does not know is no change.
  OptionChanges keep(const OptionValues& running);

 private:
  std::vector<Entry> entries_;
};

// --- the templates ------------------------------------------------------------------------------

namespace internal {
// A number that needs no template: parsed by `parse`, printed by `print`.
Option number_option(Option head, std::function<void(std::uint64_t)> set,
                     std::function<std::uint64_t()> get,
                     std::function<Result<std::uint64_t>(std::string_view)> parse,
                     std::function<std::string(std::uint64_t)> print);
Result<std::uint64_t> parse_count(std::string_view text, std::uint64_t least, std::uint64_t most);
Result<std::uint64_t> parse_size(std::string_view text, std::uint64_t least, std::uint64_t most);
std::string print_count(std::uint64_t count);
std::string print_size(std::uint64_t bytes);
// The index of `text` in `words`.
Result<std::size_t> parse_choice(std::string_view text, const std::vector<std::string>& words);
Option word_option(Option head, std::vector<std::string> words,
                   std::function<void(std::size_t)> set, std::function<std::size_t()> get);
}  // namespace internal

template <class Number>
Option count_option(std::string name, std::string help, Number& variable, std::uint64_t least,
                    std::uint64_t most) {
  return internal::number_option(
      Option{.name = std::move(name), .value_name = "N", .help = std::move(help), .bare = true},
      [&variable](std::uint64_t value) { variable = static_cast<Number>(value); },
      [&variable] { return static_cast<std::uint64_t>(variable); },
      [least, most](std::string_view text) { return internal::parse_count(text, least, most); },
      internal::print_count);
}

template <class Number>
Option size_option(std::string name, std::string help, Number& variable, std::uint64_t least) {
  return internal::number_option(
      Option{.name = std::move(name), .value_name = "SIZE", .help = std::move(help)},
      [&variable](std::uint64_t value) { variable = static_cast<Number>(value); },
      [&variable] { return static_cast<std::uint64_t>(variable); },
      [least](std::string_view text) {
        return internal::parse_size(text, least, std::numeric_limits<Number>::max());
      },
      internal::print_size);
}

template <class Value>
Option choice_option(std::string name, std::string help, Value& variable, Choices<Value> choices) {
  std::vector<std::string> words;
  for (const auto& [word, value] : choices) words.push_back(word);
  return internal::word_option(
      Option{.name = std::move(name), .help = std::move(help)}, std::move(words),
      [&variable, choices](std::size_t index) { variable = choices[index].second; },
      [&variable, choices] {
        std::size_t index = 0;
        while (index + 1 < choices.size() && choices[index].second != variable) ++index;
        return index;
      });
}

}  // namespace appd::options
