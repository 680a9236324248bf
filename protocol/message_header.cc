#include "appd/protocol/message_header.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "appd/protocol/text/json_text.h"
#include "appd/reactor/check.h"

namespace appd::protocol {
namespace {

enum class Field : std::uint8_t {
  kByteOrder,
  kContentType,
  kContentEncoding,
  kContentLength,
  kConnection,
  kRequestId,
  kDeadline,
  kAction,
  kStatus,
  kCallDepth,
};

// In the order of the enum.
constexpr std::array<std::string_view, 10> kFieldNames = {
    "byteorder",  "content-type", "content-encoding", "content-length", "connection",
    "request-id", "deadline-ms",  "action",           "status",         "call-depth"};

std::string_view field_name(Field field) { return kFieldNames[static_cast<std::size_t>(field)]; }

char ascii_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return a.size() == b.size() &&
         (a == b || std::equal(a.begin(), a.end(), b.begin(),
                               [](char x, char y) { return ascii_lower(x) == ascii_lower(y); }));
}

std::optional<Field> find_field(std::string_view name) {
  for (std::size_t i = 0; i < kFieldNames.size(); ++i) {
    if (equals_ignoring_case(name, kFieldNames[i])) return static_cast<Field>(i);
  }
  return std::nullopt;
}

using FieldSet = std::uint32_t;
constexpr FieldSet bit(Field field) { return FieldSet{1} << static_cast<unsigned>(field); }

constexpr FieldSet kRequiredOfAll = bit(Field::kByteOrder) | bit(Field::kContentType) |
                                    bit(Field::kContentEncoding) | bit(Field::kContentLength);

// Takes the members one by one. The first error is kept, and the rest still looked at, because a
// reply needs a request-id even if it stands behind the mistake.
class HeaderParser {
 public:
  HeaderParser(std::string_view json, HeaderRules rules, MessageHeader& header,
               std::string& scratch)
      : json_(json), rules_(rules), header_(header), scratch_(scratch) {}

  void take(std::string_view name, const JsonView& value);
  [[nodiscard]] Result<void> finish();

 private:
  [[nodiscard]] bool looks_at(Field field) const {
    return rules_ == HeaderRules::kAllRequired || field == Field::kContentLength ||
           field == Field::kConnection;
  }
  void take_known(Field field, const JsonView& value);
  void take_byte_order(const JsonView& value);
  void take_connection(const JsonView& value);
  void take_request_id(const JsonView& value);
  void take_deadline(const JsonView& value);
  void take_action(const JsonView& value);
  // nullopt: an error was noted.
  std::optional<std::string_view> text(Field field, const JsonView& value);
  std::optional<std::int64_t> whole_number(Field field, const JsonView& value, std::int64_t max);
  std::string_view unescaped(const JsonView& value);
  void refuse(Field field, std::string_view what);

  std::string_view json_;
  HeaderRules rules_;
  MessageHeader& header_;
  std::string& scratch_;
  FieldSet seen_ = 0;
  std::string error_;
};

void HeaderParser::refuse(Field field, std::string_view what) {
  if (!error_.empty()) return;
  error_ = field_name(field);
  error_ += ' ';
  error_ += what;
}

void HeaderParser::take(std::string_view name, const JsonView& value) {
  std::optional<Field> field = find_field(name);
  if (!field) header_.json = json_;
  if (!field || !looks_at(*field)) return;
  if ((seen_ & bit(*field)) != 0) {
    refuse(*field, "must stand in a header once, not twice");
    return;
  }
  seen_ |= bit(*field);
  take_known(*field, value);
}

void HeaderParser::take_known(Field field, const JsonView& value) {
  switch (field) {
    case Field::kByteOrder:
      return take_byte_order(value);
    case Field::kContentType:
      header_.content_type = text(field, value).value_or(std::string_view());
      return;
    case Field::kContentEncoding:
      header_.content_encoding = text(field, value).value_or(std::string_view());
      return;
    case Field::kContentLength: {
      auto length = whole_number(field, value, INT64_MAX);
      header_.content_length = static_cast<std::uint64_t>(length.value_or(0));
      header_.content_length_digits = value.text();
      return;
    }
    case Field::kConnection:
      return take_connection(value);
    case Field::kRequestId:
      return take_request_id(value);
    case Field::kDeadline:
      return take_deadline(value);
    case Field::kAction:
      return take_action(value);
    case Field::kStatus:
      header_.status = text(field, value);
      return;
    case Field::kCallDepth: {
      const auto depth = whole_number(field, value, kMaxDepthField);
      header_.call_depth = static_cast<int>(depth.value_or(0));
      return;
    }
  }
}

void HeaderParser::take_byte_order(const JsonView& value) {
  auto name = text(Field::kByteOrder, value);
  if (!name) return;
  if (*name == byte_order_name(ByteOrder::kLittle)) {
    header_.byte_order = ByteOrder::kLittle;
  } else if (*name == byte_order_name(ByteOrder::kBig)) {
    header_.byte_order = ByteOrder::kBig;
  }
}

void HeaderParser::take_connection(const JsonView& value) {
  auto wish = text(Field::kConnection, value);
  if (!wish) return;
  if (*wish != "keep-alive" && *wish != "close") {
    refuse(Field::kConnection, "must be \"keep-alive\" or \"close\"");
    return;
  }
  header_.has_connection = true;
  header_.keep_alive = *wish == "keep-alive";
}

void HeaderParser::take_request_id(const JsonView& value) {
  const std::size_t quotes = value.kind() == JsonKind::kString ? 2 : 0;
  if (value.kind() != JsonKind::kString && value.kind() != JsonKind::kInteger) {
    std::string what = "must be a string or an integer, not ";
    what += json_kind_name(value.kind());
    refuse(Field::kRequestId, what);
  } else if (value.text().size() > kMaxFieldBytes + quotes) {
    refuse(Field::kRequestId,
           "must have at most " + std::to_string(kMaxFieldBytes) + " bytes as it is written");
  } else {
    header_.request_id = value.text();
  }
}

void HeaderParser::take_deadline(const JsonView& value) {
  auto deadline = whole_number(Field::kDeadline, value, kMaxDeadline.count());
  if (deadline) header_.deadline = std::chrono::milliseconds(*deadline);
}

void HeaderParser::take_action(const JsonView& value) {
  auto name = text(Field::kAction, value);
  if (!name) return;
  if (name->empty()) {
    refuse(Field::kAction, "must not be empty");
  } else {
    header_.action = *name;
  }
}

std::optional<std::string_view> HeaderParser::text(Field field, const JsonView& value) {
  if (value.kind() != JsonKind::kString) {
    std::string what = "must be a string, not ";
    what += json_kind_name(value.kind());
    refuse(field, what);
    return std::nullopt;
  }
  std::string_view decoded = unescaped(value);
  if (decoded.size() <= kMaxFieldBytes) return decoded;
  refuse(field, "must have at most " + std::to_string(kMaxFieldBytes) + " bytes");
  return std::nullopt;
}

std::string_view HeaderParser::unescaped(const JsonView& value) {
  if (const auto plain = value.plain_string()) return *plain;
  // All unescaped texts together are shorter than the header, so that no view is ever moved.
  scratch_.reserve(json_.size());
  std::size_t begin = scratch_.size();
  internal::append_unescaped(scratch_, value.text().substr(1, value.text().size() - 2));
  return std::string_view(scratch_).substr(begin);
}

std::optional<std::int64_t> HeaderParser::whole_number(Field field, const JsonView& value,
                                                       std::int64_t max) {
  if (value.kind() == JsonKind::kInteger) {
    Result<std::int64_t> number = value.integer();
    if (number && *number >= 0 && *number <= max) return *number;
  }
  refuse(field, "must be an integer from 0 to " + std::to_string(max));
  return std::nullopt;
}

Result<void> HeaderParser::finish() {
  FieldSet required =
      rules_ == HeaderRules::kAllRequired ? kRequiredOfAll : bit(Field::kContentLength);
  for (std::size_t i = 0; i < kFieldNames.size(); ++i) {
    auto field = static_cast<Field>(i);
    if ((required & ~seen_ & bit(field)) != 0) refuse(field, "is missing");
  }
  if (error_.empty()) return {};
  return fail(Status::kBadHeader, std::move(error_));
}

}  // namespace

std::optional<JsonView> MessageHeader::other_field(std::string_view name) const {
  if (json.empty() || find_field(name)) return std::nullopt;
  std::optional<JsonView> found;
  int count = 0;
  JsonReader reader;
  const Result<void> read =  // a header that was parsed as one
      reader.read_object(json, [&](std::string_view each, const JsonView& value) {
        if (!equals_ignoring_case(each, name)) return;
        found = value;
        ++count;
      });
  APPD_CHECK(read.has_value(), json);
  return count == 1 ? found : std::nullopt;
}

Result<void> parse_message_header(JsonReader& reader, std::span<const std::byte> json,
                                  HeaderRules rules, MessageHeader& header, std::string& scratch) {
  header = MessageHeader();
  scratch.clear();
  std::string_view text(reinterpret_cast<const char*>(json.data()), json.size());
  HeaderParser parser(text, rules, header, scratch);
  Result<void> read = reader.read_object(
      text, [&parser](std::string_view name, const JsonView& value) { parser.take(name, value); });
  if (!read) {
    return fail(Status::kBadHeader, "the header is not a JSON object: " + read.error().message);
  }
  return parser.finish();
}

}  // namespace appd::protocol
