#include "appd/clients/appctl/description_page.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "appd/clients/appctl/json_object_members.h"
#include "appd/clients/appctl/schema_words.h"
#include "appd/protocol/text/json.h"
#include "appd/protocol/text/json_array.h"
#include "appd/protocol/text/printable_text.h"
#include "appd/protocol/text/utf8.h"

namespace appd::clients {

using protocol::JsonArray;
using protocol::JsonKind;
using protocol::JsonView;

namespace {

constexpr std::size_t kLabelColumns = 12;  // two of them in front, the longest label, and a gap
constexpr std::string_view kBinaryContent = "binary";
constexpr std::string_view kJsonContent = "text/json";

// One line, which may be wrapped: what is not seen is a space.
std::string shown(std::string_view utf8) {
  std::string out;
  while (!utf8.empty()) {
    const char32_t c = protocol::take_utf8(utf8);
    protocol::append_utf8(out, protocol::is_hidden(c) ? U' ' : c);
  }
  return out;
}

std::size_t columns_of(std::string_view utf8) {
  std::size_t columns = 0;
  for (; !utf8.empty(); ++columns) static_cast<void>(protocol::take_utf8(utf8));
  return columns;
}

// Appends words, from `column` on, with `indent` spaces in front of each further line. A word that
// is too long for a line has one of its own.
void append_wrapped(std::string& page, std::string_view text, std::size_t column,
                    std::size_t indent) {
  bool at_begin = true;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (word.empty()) continue;
    const std::size_t columns = columns_of(word);
    if (!at_begin && column + 1 + columns > kPageColumns) {
      page.append("\n").append(indent, ' ');
      column = indent;
    } else if (!at_begin) {
      page += ' ';
      ++column;
    }
    page += word;
    column += columns;
    at_begin = false;
  }
  page += '\n';
}

void begin_entry(std::string& page, std::string_view label) {
  page.append("  ").append(label).append(kLabelColumns - 2 - label.size(), ' ');
}

void append_entry(std::string& page, std::string_view label, std::string_view text) {
  if (text.empty()) return;
  begin_entry(page, label);
  append_wrapped(page, shown(text), kLabelColumns, kLabelColumns);
}

std::vector<std::string> texts_of(const std::optional<JsonView>& array) {
  std::vector<std::string> texts;
  if (!array) return texts;
  JsonArray elements(*array);
  std::string scratch;
  while (const auto element = elements.next()) {
    if (element->kind() == JsonKind::kString) texts.emplace_back(element->string(scratch));
  }
  return texts;
}

std::string joined(const std::vector<std::string>& texts, std::string_view between) {
  std::string all;
  for (const std::string& text : texts) {
    if (!all.empty()) all += between;
    all += text;
  }
  return all;
}

// "a string; as binary content: UTF-8 text".
std::string form_words(const JsonObjectMembers& action, std::string_view schema,
                       std::string_view binary) {
  std::vector<std::string> forms;
  if (const auto json = action.find(schema)) forms.push_back(schema_words(*json));
  if (const auto words = action.text(binary)) forms.push_back("as binary content: " + *words);
  return joined(forms, "; ");
}

std::string argument_words(const JsonObjectMembers& action,
                           const std::vector<std::string>& contents) {
  const auto taken = [&contents](std::string_view content) {
    return std::find(contents.begin(), contents.end(), content) != contents.end();
  };
  if (!taken(kJsonContent)) return form_words(action, {}, "binary-argument");
  std::string words = form_words(action, "argument", "binary-argument");
  if (taken(kBinaryContent) && !action.text("binary-argument")) words += "; any binary content";
  return words;
}

std::string limit_words(const JsonObjectMembers& action) {
  const auto object = action.find("limits", JsonKind::kObject);
  const auto limits = object ? JsonObjectMembers::of(*object) : std::nullopt;
  std::vector<std::string> words;
  if (limits) {
    for (const auto& [name, value] : limits->all()) {
      words.push_back(name + ' ' + std::string(value.text()));
    }
  }
  return joined(words, ", ");
}

void append_examples(std::string& page, const std::string& name, const JsonObjectMembers& action) {
  const auto array = action.find("examples", JsonKind::kArray);
  if (!array) return;
  JsonArray examples(*array);
  std::string_view label = "example";
  while (const auto example = examples.next()) {
    const auto members = JsonObjectMembers::of(*example);
    const auto result = members ? members->find("result") : std::nullopt;
    if (!result) continue;
    begin_entry(page, std::exchange(label, {}));
    page += name;
    if (const auto value = members->find("value")) page += ' ' + shown(value->text());
    page.append("\n").append(kLabelColumns, ' ');
    page.append("-> ").append(shown(result->text())).append("\n");
  }
}

// False: that is no description.
bool append_action(std::string& page, JsonView description) {
  const auto action = JsonObjectMembers::of(description);
  const auto name = action ? action->text("name") : std::nullopt;
  const auto summary = action ? action->text("summary") : std::nullopt;
  if (!name || !summary || !action->find("argument") || !action->find("result")) return false;
  if (!page.empty()) page += '\n';
  const std::string title = shown(*name);
  append_wrapped(page, title + (summary->empty() ? "" : " - " + shown(*summary)), 0, 4);
  const auto contents = texts_of(action->find("content-types", JsonKind::kArray));
  append_entry(page, "takes", argument_words(*action, contents));
  append_entry(page, "gives", form_words(*action, "result", "binary-result"));
  append_entry(page, "content", joined(contents, ", "));
  append_entry(page, "limits", limit_words(*action));
  append_examples(page, title, *action);
  return true;
}

}  // namespace

std::optional<std::string> description_page(std::string_view result) {
  const auto json = JsonView::parse(result);
  if (!json) return std::nullopt;
  std::string page;
  if (json->kind() != JsonKind::kArray) {
    if (!append_action(page, *json)) return std::nullopt;
    return page;
  }
  JsonArray descriptions(*json);
  while (const auto description = descriptions.next()) {
    if (!append_action(page, *description)) return std::nullopt;
  }
  if (page.empty()) return std::nullopt;
  return page;
}

}  // namespace appd::clients
