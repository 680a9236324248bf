#include "appd/protocol/text/json_array.h"

#include <cstddef>

#include "appd/protocol/text/json_members.h"
#include "appd/protocol/text/json_text.h"
#include "appd/reactor/check.h"

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

internal::MeasuredValue measure_word(std::string_view text) {
  const std::size_t bytes = text.find_first_of(",]} \t\r\n");
  const std::string_view word = text.substr(0, bytes);
  if (word == "true" || word == "false") return {bytes, JsonKind::kBool};
  if (word == "null") return {bytes, JsonKind::kNull};
  const bool fraction = word.find_first_of(".eE") != std::string_view::npos;
  return {bytes, fraction ? JsonKind::kFraction : JsonKind::kInteger};
}

}  // namespace

namespace internal {

MeasuredValue measure_value(std::string_view text) {
  switch (text.front()) {
    case '"':
      return {string_bytes(text), JsonKind::kString};
    case '[':
      return {nest_bytes(text), JsonKind::kArray};
    case '{':
      return {nest_bytes(text), JsonKind::kObject};
    default:
      return measure_word(text);
  }
}

void read_members(std::string_view text, std::size_t at, std::size_t most,
                  std::vector<JsonMember>& members) {
  const auto place = [text](std::string_view part, std::size_t bytes) {
    const auto begin = static_cast<std::uint32_t>(part.data() - text.data());
    return JsonSlice{begin, begin + static_cast<std::uint32_t>(bytes)};
  };
  std::string_view rest = without_space(text.substr(at));
  while (rest.front() == ',' && members.size() < most) {
    rest = without_space(rest.substr(1));
    const std::size_t quoted_bytes = string_bytes(rest);
    const JsonSlice name = place(rest.substr(1), quoted_bytes - 2);
    rest = without_space(rest.substr(quoted_bytes));  // the colon
    rest = without_space(rest.substr(1));
    const MeasuredValue value = measure_value(rest);
    members.push_back({name, {place(rest, value.bytes), value.kind, false}});
    rest = without_space(rest.substr(value.bytes));
  }
}

}  // namespace internal

JsonArray::JsonArray(JsonView array) : rest_(array.text()) {
  APPD_CHECK(array.kind() == JsonKind::kArray, json_kind_name(array.kind()));
  rest_.remove_prefix(1);
  rest_ = without_space(rest_);
}

std::optional<JsonView> JsonArray::next() {
  if (rest_.front() == ']') return std::nullopt;
  const auto [bytes, kind] = internal::measure_value(rest_);
  const JsonView element(rest_.substr(0, bytes), kind, false);
  rest_ = without_space(rest_.substr(bytes));
  if (rest_.front() == ',') rest_ = without_space(rest_.substr(1));
  return element;
}

}  // namespace appd::protocol
