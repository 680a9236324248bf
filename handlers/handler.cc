#include "appd/handlers/handler.h"

#include <array>
#include <charconv>
#include <stdexcept>

#include "appd/protocol/text/utf8.h"

namespace appd::handlers {

namespace {

constexpr std::string_view kResultBegin = "{\"result\": ";
constexpr char kResultEnd = '}';

void require_header_field(std::string_view what, std::string_view text) {
  if (text.size() <= protocol::kMaxFieldBytes && protocol::is_valid_utf8(text)) return;
  throw std::invalid_argument("a reply's " + std::string(what) + " must be UTF-8 of at most " +
                              std::to_string(protocol::kMaxFieldBytes) + " bytes");
}

}  // namespace

void Reply::clear() {
  filled_ = false;
  json_ = true;
  status_ = Status::kOk;
  content_.clear();
  if (content_.capacity() > kMaxKeptBytes) content_.shrink_to_fit();
  detail_.clear();
}

void Reply::begin_json(std::size_t value_bytes) {
  if (filled_) clear();
  content_.reserve(kResultBegin.size() + value_bytes + 1);
  content_ = kResultBegin;
}

void Reply::end_json() {
  content_.push_back(kResultEnd);
  filled_ = true;  // not earlier: there may be no memory for the content
}

void Reply::set_string(std::string_view utf8) {
  begin_json(utf8.size() + 2);  // the quotes; what needs escapes grows
  protocol::append_json_string(content_, utf8);
  end_json();
}

void Reply::set_integer(std::int64_t value) {
  std::array<char, 20> digits;  // -9223372036854775808
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  set_json({digits.data(), static_cast<std::size_t>(end - digits.data())});
}

void Reply::set_json(std::string_view json) {
  begin_json(json.size());
  content_ += json;
  end_json();
}

void Reply::set_binary(std::string_view bytes, std::string_view content_type,
                       std::string_view content_encoding) {
  require_header_field("content-type", content_type);
  require_header_field("content-encoding", content_encoding);
  if (filled_ || status_ != Status::kOk) clear();  // usually it is new
  content_ = bytes;
  content_type_ = content_type;
  content_encoding_ = content_encoding;
  json_ = false;
  filled_ = true;
}

void Reply::set_text(Request::Form form, std::string_view utf8) {
  if (form == Request::Form::kBinary) {
    set_binary(utf8);
  } else {
    set_string(utf8);
  }
}

void Reply::set_error(Status status, std::string_view text, std::string_view detail) {
  constexpr std::string_view kErrorBegin = "Error: ";
  std::string result;
  result.reserve(kErrorBegin.size() + text.size());
  result.append(kErrorBegin).append(text);
  set_string(result);
  status_ = status;
  detail_ = detail;
}

}  // namespace appd::handlers
