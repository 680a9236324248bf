#include "appd/options/config_file.h"

#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <optional>

#include "appd/options/read_file.h"
#include "appd/options/start_error.h"
#include "appd/options/toml_nesting.h"
#include "appd/protocol/text/json.h"
#include "appd/protocol/text/printable_text.h"
#include "appd/protocol/text/utf8.h"

namespace appd::options {
namespace {

// No option's value is an array of arrays, and no key has a dot in it: a text that nests deeper is
// none of ours, and of these few levels a mistake is still told as what it is.
constexpr std::size_t kMaxNesting = 16;

std::string place(const std::string& path, std::size_t line) {
  return protocol::on_one_line(path) + ":" + std::to_string(line);
}

std::string place(const std::string& path, const toml::source_region& region) {
  return place(path, region.begin.line);
}

toml::table parse_toml(std::string_view text, const std::string& path) {
  text = protocol::without_byte_order_mark(text);
  if (const auto line = line_nesting_beyond(kMaxNesting, text)) {
    throw UsageError(place(path, *line) + ": nests deeper than " + std::to_string(kMaxNesting) +
                     " levels");
  }
  try {
    return toml::parse(text);
  } catch (const toml::parse_error& error) {
    // The description repeats what it found in the file as it is.
    throw UsageError(place(path, error.source()) + ": " +
                     protocol::on_one_line(error.description()));
  }
}

// Without exponent, which no option's notation knows.
std::string fraction_text(double value) {
  std::array<char, 512> digits;  // the longest double has about 330 before the point
  const auto [end, error] =
      std::to_chars(digits.data(), digits.data() + digits.size(), value, std::chars_format::fixed);
  return error == std::errc() ? std::string(digits.data(), end) : "";
}

// An option in octal reads digits: those of 0o660 are 660, and so are those of 660, which means it.
std::string integer_text(const toml::value<std::int64_t>& number, const Option& option) {
  const bool octal =
      (number.flags() & toml::value_flags::format_as_octal) != toml::value_flags::none;
  if (!octal || !option.octal) return std::to_string(number.get());
  std::array<char, 24> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number.get(), 8).ptr;
  return {digits.data(), end};
}

// nullopt: dates, arrays and tables are no option's value.
std::optional<std::string> scalar_text(const toml::node& node, const Option& option) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* number = node.as_integer()) return integer_text(*number, option);
  if (const auto* number = node.as_floating_point()) return fraction_text(number->get());
  if (const auto* truth = node.as_boolean()) return truth->get() ? "true" : "false";
  return std::nullopt;
}

std::vector<std::string> value_texts(const toml::node& node, const Option& option,
                                     const std::string& source) {
  std::vector<std::string> texts;
  const auto take = [&](const toml::node& one) {
    std::optional<std::string> text = scalar_text(one, option);
    if (!text) throw UsageError(source + ": must be text, a number or true or false");
    texts.push_back(*std::move(text));
  };
  const toml::array* list = node.as_array();
  if (list == nullptr) {
    take(node);
  } else if (option.arity == Option::Arity::kMany) {
    for (const toml::node& one : *list) take(one);
  } else {
    throw UsageError(source + ": takes one value, not an array");
  }
  return texts;
}

// The option that a key of the file means. Throws UsageError: none.
const Option& option_of_key(const OptionTable& table, std::string_view key,
                            const std::string& where) {
  std::string name(key);
  std::replace(name.begin(), name.end(), '_', '-');
  if (const Option* option = table.find(name)) return *option;
  const std::string nearest = table.nearest_name(name);
  throw UsageError(where + ": unknown key " + protocol::in_quotes(key) +
                   (nearest.empty() ? "; the keys are the flags' names, see --help"
                                    : "; did you mean " + nearest + "?"));
}

// JSON leaves some characters as they are that TOML 1.0 or a terminal does not want, and writes
// those beyond U+FFFF in a way of its own.
std::string toml_string(std::string_view text) {
  std::string json;
  protocol::append_json_string(json, text);
  std::string escaped;
  for (std::string_view rest = json; !rest.empty();) {
    const char32_t character = protocol::take_utf8(rest);
    if (protocol::is_hidden(character)) {
      std::array<char, 16> digits;
      std::snprintf(digits.data(), digits.size(), "\\U%08x", static_cast<unsigned>(character));
      escaped += digits.data();
    } else {
      protocol::append_utf8(escaped, character);
    }
  }
  return escaped;
}

std::string comment_text(std::string_view text) {
  const std::string json = toml_string(text);
  return json.substr(1, json.size() - 2);
}

std::string toml_value(const Option& option) {
  const auto literal = [&option](const std::string& text) {
    return option.bare ? text : toml_string(text);
  };
  const std::vector<std::string> texts = option.print();
  if (option.arity != Option::Arity::kMany) return literal(texts.at(0));
  std::string list;
  for (const std::string& text : texts) list += (list.empty() ? "" : ", ") + literal(text);
  return "[" + list + "]";
}

}  // namespace

std::vector<GivenValue> read_config_file(const std::string& path, const OptionTable& table) {
  const reactor::Result<std::string> text = read_file(path, kMaxConfigFileBytes);
  if (!text) throw StartError("configuration file: " + text.error().message);
  const toml::table root = parse_toml(*text, path);
  std::vector<GivenValue> values;
  for (const auto& [key, node] : root) {
    const std::string where = place(path, key.source());
    const Option& option = option_of_key(table, key.str(), where);
    const std::string source = where + ": " + option.name;
    const auto same = [&option](const GivenValue& value) { return value.name == option.name; };
    if (std::ranges::any_of(values, same)) throw UsageError(source + ": is there twice");
    values.push_back({option.name, value_texts(node, option, source), source});
  }
  return values;
}

std::string print_config(const OptionTable& table) {
  std::string text;
  for (const OptionTable::Entry& entry : table.entries()) {
    text += entry.option.name + " = " + toml_value(entry.option);
    text += "  # " + comment_text(entry.source) + "\n";
  }
  return text;
}

}  // namespace appd::options
