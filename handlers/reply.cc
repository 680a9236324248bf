#include "appd/handlers/reply.h"

#include <array>
#include <charconv>
#include <cstring>
#include <stdexcept>

#include "appd/protocol/text/utf8.h"

namespace appd::handlers {

namespace {

constexpr std::string_view kResultBegin = "{\"result\": ";
constexpr char kResultEnd = '}';
// What is longer is not kept (kMaxKeptBytes), so that making room for it would cost as much again.
constexpr std::size_t kMaxPutBytes = Reply::kMaxKeptBytes / 2;

void require_header_field(std::string_view what, std::string_view text) {
  if (text.size() <= protocol::kMaxFieldBytes && protocol::is_valid_utf8(text)) return;
  throw std::invalid_argument("a reply's " + std::string(what) + " must be UTF-8 of at most " +
                              std::to_string(protocol::kMaxFieldBytes) + " bytes");
}

}  // namespace

Reply::Reply(const Reply& other)
    : filled_(other.filled_),
      form_(other.form_),
      status_(other.status_),
      bytes_(other.bytes_),
      content_(other.content_),
      words_(other.words_ ? std::make_unique<Words>(*other.words_) : nullptr) {}

Reply& Reply::operator=(const Reply& other) {
  if (this != &other) *this = Reply(other);
  return *this;
}

Reply::Words& Reply::words() {
  if (!words_) words_ = std::make_unique<Words>();
  return *words_;
}

void Reply::clear() {
  if (filled_ || status_ != Status::kOk) clear_filled();
}

void Reply::clear_filled() {
  filled_ = false;
  form_ = Form::kJson;
  status_ = Status::kOk;
  bytes_ = 0;
  if (content_.capacity() > kMaxKeptBytes) std::string().swap(content_);
  if (words_) words_->detail.clear();
}

char* Reply::put_json(std::size_t value_bytes) {
  clear();
  const std::size_t bytes = kResultBegin.size() + value_bytes + 1;
  if (content_.size() < bytes) content_.resize(bytes);
  std::memcpy(content_.data(), kResultBegin.data(), kResultBegin.size());
  content_[bytes - 1] = kResultEnd;
  bytes_ = bytes;
  filled_ = true;
  return content_.data() + kResultBegin.size();
}

void Reply::begin_json_text(std::size_t expected_bytes) {
  clear();
  content_.reserve(kResultBegin.size() + expected_bytes + 1);
  content_.resize(kResultBegin.size());
  std::memcpy(content_.data(), kResultBegin.data(), kResultBegin.size());
}

void Reply::end_json_text() {
  content_.push_back(kResultEnd);
  bytes_ = content_.size();
  filled_ = true;  // not earlier: there may be no memory for the content
}

void Reply::set_string(std::string_view utf8) {
  if (utf8.size() > kMaxPutBytes || !protocol::is_plain_json_string(utf8)) {
    begin_json_text(utf8.size() + 2);  // the quotes; what needs escapes grows
    protocol::append_json_string(content_, utf8);
    end_json_text();
    return;
  }
  char* const value = put_json(utf8.size() + 2);
  value[0] = '"';
  utf8.copy(value + 1, utf8.size());
  value[1 + utf8.size()] = '"';
}

void Reply::set_integer(std::int64_t value) {
  std::array<char, 20> digits;  // -9223372036854775808
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  set_json({digits.data(), static_cast<std::size_t>(end - digits.data())});
}

void Reply::set_json(std::string_view json) {
  if (json.size() > kMaxPutBytes) {
    begin_json_text(json.size());
    content_ += json;
    end_json_text();
    return;
  }
  json.copy(put_json(json.size()), json.size());
}

void Reply::set_binary(std::string_view bytes) {
  clear();
  if (content_.size() < bytes.size()) {
    content_.assign(bytes);
  } else {
    bytes.copy(content_.data(), bytes.size());
  }
  bytes_ = bytes.size();
  form_ = Form::kBinary;
  filled_ = true;
}

void Reply::set_binary(std::string_view bytes, std::string_view content_type,
                       std::string_view content_encoding) {
  require_header_field("content-type", content_type);
  require_header_field("content-encoding", content_encoding);
  clear();
  words().content_type = content_type;
  words().content_encoding = content_encoding;
  set_binary(bytes);
  form_ = Form::kOther;
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
  if (!detail.empty()) words().detail = detail;
}

}  // namespace appd::handlers
