// JSON text is taken or refused as simdjson does it, and what was taken can be read, written and
// read again. Input: the text.
#include <simdjson.h>

#include <algorithm>
#include <string>

#include "appd/clients/appctl/python_literal.h"
#include "appd/protocol/text/json.h"
#include "appd/protocol/text/utf8.h"
#include "appd/reactor/check.h"
#include "tests/fuzz/support/fuzz_input.h"

namespace {

using namespace appd::fuzz;
using namespace appd::protocol;

bool is_inside(std::string_view part, std::string_view whole) {
  return part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size();
}

void check_string(JsonView value) {
  std::string scratch;
  const std::string text(value.string(scratch));
  APPD_CHECK(is_valid_utf8(text), text);
  std::string written;
  append_json_string(written, text);
  const auto again = JsonView::parse(written);
  APPD_CHECK(again && again->kind() == JsonKind::kString, written);
  APPD_CHECK(again->string(scratch) == text, text);
}

void check_number(JsonView value) {
  const double number = value.number();
  APPD_CHECK(number == number);
  if (value.kind() != JsonKind::kInteger) return;
  const auto integer = value.integer();
  if (integer) {
    APPD_CHECK(static_cast<double>(*integer) == number, value.text());
  } else {
    APPD_CHECK(status_of(integer.error()) == Status::kOutOfRange);
  }
}

void check_value(JsonView value, std::string_view text) {
  APPD_CHECK(is_inside(value.text(), text) && !value.text().empty());
  if (value.kind() == JsonKind::kString) check_string(value);
  if (value.kind() == JsonKind::kInteger || value.kind() == JsonKind::kFraction) {
    check_number(value);
  }
  APPD_CHECK(is_valid_utf8(appd::clients::json_literal(value)));
}

// What another parser thinks. It may refuse what is JSON for us: numbers that no double holds,
// nesting beyond its depth. It takes half a surrogate pair, and from some version on a byte order
// mark, both of which we refuse.
void check_against_simdjson(std::string_view text, const Result<JsonView>& ours) {
  static simdjson::dom::parser parser;
  const simdjson::error_code theirs = parser.parse(text.data(), text.size()).error();
  if (ours) {
    APPD_CHECK(theirs == simdjson::SUCCESS || theirs == simdjson::NUMBER_ERROR ||
                   theirs == simdjson::DEPTH_ERROR,
               simdjson::error_message(theirs), text);
  } else if (ours.error().message.find("surrogate") == std::string::npos &&
             !text.starts_with("\xEF\xBB\xBF")) {
    APPD_CHECK(theirs != simdjson::SUCCESS, ours.error().message, text);
  }
}

// How deep the arrays and objects of a valid text are.
std::size_t deepest(std::string_view text) {
  std::size_t depth = 0;
  std::size_t most = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted && c == '\\') {
      ++i;
    } else if (c == '"') {
      quoted = !quoted;
    } else if (!quoted && (c == '[' || c == '{')) {
      most = std::max(most, ++depth);
    } else if (!quoted && (c == ']' || c == '}')) {
      --depth;
    }
  }
  return most;
}

// A limit takes what is as deep as it, and refuses one level more.
void check_nesting(std::string_view text) {
  const std::size_t depth = deepest(text);
  APPD_CHECK(JsonReader(std::max<std::size_t>(depth, 1)).read_value(text), text);
  APPD_CHECK(depth < 2 || !JsonReader(depth - 1).read_value(text), text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ExactCopy copy(FuzzInput(data, size).rest());
  const std::string_view text = copy.text();
  JsonReader reader;
  const Result<JsonView> value = reader.read_value(text);
  check_against_simdjson(text, value);
  if (value) {
    check_value(*value, text);
    check_nesting(text);
  }

  const bool object = value && value->kind() == JsonKind::kObject;
  std::size_t members = 0;
  const auto read = reader.read_object(text, [&](std::string_view name, JsonView member) {
    ++members;
    APPD_CHECK(is_valid_utf8(name));
    check_value(member, text);
    const auto alone = JsonView::parse(member.text());
    APPD_CHECK(alone && alone->kind() == member.kind() && alone->text() == member.text());
  });
  APPD_CHECK(read.has_value() == object, text);
  if (!read) {
    APPD_CHECK(members == 0 && status_of(read.error()) == Status::kInvalidContent);
    APPD_CHECK(is_valid_utf8(read.error().message));
  }
  return 0;
}
