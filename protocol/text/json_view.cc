#include <charconv>
#include <cstddef>
#include <system_error>

#include "appd/protocol/text/decimal.h"
#include "appd/protocol/text/json.h"
#include "appd/protocol/text/json_scan.h"
#include "appd/protocol/text/json_text.h"
#include "appd/protocol/text/utf8.h"
#include "appd/reactor/check.h"

namespace appd::protocol {
namespace {

// In a longer text two looks at many bytes at a time are quicker than one at few.
constexpr std::size_t kOneLookBytes = 128;

void append_escaped(std::string& out, char c) {
  constexpr std::string_view kHex = "0123456789abcdef";
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    case '\b':
      out += "\\b";
      return;
    case '\f':
      out += "\\f";
      return;
    default:
      out += "\\u00";
      out += kHex[static_cast<unsigned char>(c) >> 4];
      out += kHex[static_cast<unsigned char>(c) & 0xf];
  }
}

}  // namespace

std::string_view json_kind_name(JsonKind kind) {
  switch (kind) {
    case JsonKind::kNull:
      return "null";
    case JsonKind::kBool:
      return "a boolean";
    case JsonKind::kInteger:
      return "an integer";
    case JsonKind::kFraction:
      return "a number";
    case JsonKind::kString:
      return "a string";
    case JsonKind::kArray:
      return "an array";
    case JsonKind::kObject:
      return "an object";
  }
  return "unknown";
}

std::optional<JsonView> JsonView::plain_scalar(std::string_view text, const char* readable) {
  if (text.empty()) return std::nullopt;
  const char* const begin = text.data();
  const char* const end = begin + text.size();
  if (*begin == '"') {
    if (text.size() == 1 || end[-1] != '"') return std::nullopt;
    const bool plain_ascii =
        text.size() <= kOneLookBytes && internal::is_plain_ascii(begin + 1, end - 1, readable);
    if (!plain_ascii &&
        (internal::find_special(begin + 1, end, readable) != end - 1 || !is_valid_utf8(text))) {
      return std::nullopt;
    }
    return JsonView(text, JsonKind::kString, true);
  }
  if (internal::find_number_end(begin, end) != end) return std::nullopt;
  const bool fraction = text.find_first_of(".eE") != std::string_view::npos;
  return JsonView(text, fraction ? JsonKind::kFraction : JsonKind::kInteger, true);
}

std::optional<JsonView> JsonView::plain_nested(std::string_view text, std::size_t depth) {
  const auto found = internal::scan_nested(text, depth);
  if (!found || !is_valid_utf8(text)) return std::nullopt;
  return JsonView(text, found->kind, false);
}

Result<JsonView> JsonView::parse(std::string_view text) { return JsonReader().read_value(text); }

Result<std::int64_t> JsonView::integer() const {
  APPD_CHECK(kind_ == JsonKind::kInteger, json_kind_name(kind_));
  std::int64_t value = 0;
  auto parsed = std::from_chars(text_.data(), text_.data() + text_.size(), value);
  if (parsed.ec == std::errc()) return value;
  return fail(Status::kOutOfRange, "an integer must fit into 64 bits");
}

double JsonView::number() const {
  APPD_CHECK(kind_ == JsonKind::kInteger || kind_ == JsonKind::kFraction, json_kind_name(kind_));
  return nearest_double(text_);
}

std::optional<std::string_view> JsonView::string_without_escape() const {
  APPD_CHECK(kind_ == JsonKind::kString, json_kind_name(kind_));
  const std::string_view raw(text_.data() + 1, text_.size() - 2);
  if (raw.find('\\') == std::string_view::npos) return raw;
  return std::nullopt;
}

std::string_view JsonView::string(std::string& scratch) const {
  if (const auto plain = plain_string()) return *plain;
  scratch.clear();
  internal::append_unescaped(scratch, text_.substr(1, text_.size() - 2));
  return scratch;
}

bool is_plain_json_string(std::string_view utf8) {
  const char* const end = utf8.data() + utf8.size();
  return internal::find_special(utf8.data(), end) == end;
}

void append_json_string(std::string& out, std::string_view utf8) {
  out.push_back('"');
  const char* end = utf8.data() + utf8.size();
  const char* p = utf8.data();
  while (p != end) {
    const char* special = internal::find_special(p, end);
    out.append(p, special);
    if (special == end) break;
    append_escaped(out, *special);
    p = special + 1;
  }
  out.push_back('"');
}

}  // namespace appd::protocol
