#include "protocol/json_array.h"

#include <cstddef>

#include "protocol/json_text.h"
#include "reactor/check.h"

namespace appd::protocol {
namespace {

// All of this works on text that was validated: there is an end to everything that begins.

constexpr std::string_view kSpace = " \t\r\n";

std::string_view without_space(std::string_view text) {
  text.remove_prefix(text.find_first_not_of(kSpace));
  return text;
}

// Of the string that `text` begins with, quotes included.
std::size_t string_bytes(std::string_view text) {
  const char* const quote = internal::find_string_end(text.data() + 1, text.data() + text.size());
  return static_cast<std::size_t>(quote + 1 - text.data());
}

// Of the array or object that `text` begins with, brackets included.
std::size_t nest_bytes(std::string_view text) {
  std::size_t depth = 0;
  std::size_t at = 0;
  do {
    at = text.find_first_of("[]{}\"", at);
    const char c = text[at];
    if (c == '"') {
      at += string_bytes(text.substr(at));
      continue;
    }
    if (c == '[' || c == '{') {
      ++depth;
    } else {
      --depth;
    }
    ++at;
  } while (depth > 0);
  return at;
}

}  // namespace

JsonArray::JsonArray(JsonView array) : rest_(array.text()) {
  APPD_CHECK(array.kind() == JsonKind::kArray, json_kind_name(array.kind()));
  rest_.remove_prefix(1);
  rest_ = without_space(rest_);
}

std::optional<JsonView> JsonArray::next() {
  if (rest_.front() == ']') return std::nullopt;
  std::size_t bytes = 0;
  JsonKind kind = JsonKind::kNull;
  switch (rest_.front()) {
    case '"':
      bytes = string_bytes(rest_);
      kind = JsonKind::kString;
      break;
    case '[':
    case '{':
      bytes = nest_bytes(rest_);
      kind = rest_.front() == '[' ? JsonKind::kArray : JsonKind::kObject;
      break;
    default: {
      bytes = rest_.find_first_of(",] \t\r\n");
      const std::string_view word = rest_.substr(0, bytes);
      if (word == "true" || word == "false") {
        kind = JsonKind::kBool;
      } else if (word != "null") {
        const bool fraction = word.find_first_of(".eE") != std::string_view::npos;
        kind = fraction ? JsonKind::kFraction : JsonKind::kInteger;
      }
    }
  }
  const JsonView element(rest_.substr(0, bytes), kind, false);
  rest_ = without_space(rest_.substr(bytes));
  if (rest_.front() == ',') rest_ = without_space(rest_.substr(1));
  return element;
}

}  // namespace appd::protocol
