#include "appd/protocol/reply_header.h"

#include <array>
#include <charconv>
#include <cstring>
#include <string_view>

namespace appd::protocol {

namespace {

// The same characters at the same place, which nobody needs to compare.
bool is(std::string_view text, std::string_view constant) {
  return text.data() == constant.data() && text.size() == constant.size();
}

bool is_json(const ContentFields& content) {
  return is(content.content_type, kJsonContentType) && is(content.content_encoding, kUtf8Encoding);
}

}  // namespace

bool ReplyHeader::says(const ContentFields& content, const ReplyExtension* extension) const {
  if (!reusable_ || extended_ != (extension != nullptr)) return false;
  if (extension != nullptr && (extension->keep_alive != keep_alive_ ||
                               extension->status != status_ || !extension->request_id.empty())) {
    return false;
  }
  if (json_ && is_json(content)) return true;
  return content.content_type == content_type_ && content.content_encoding == content_encoding_;
}

bool ReplyHeader::put_length(std::uint64_t length) {
  std::array<char, 20> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), length).ptr;
  const auto count = static_cast<std::size_t>(end - digits.data());
  if (count != length_end_ - length_begin_) return false;
  std::memcpy(bytes_.data() + length_begin_, digits.data(), count);
  return true;
}

void ReplyHeader::write_anew(const ContentFields& content, const ReplyExtension* extension) {
  reusable_ = false;
  bytes_.clear();
  length_end_ = encode_reply_header(content, extension, bytes_);
  length_begin_ = bytes_.find_last_not_of("0123456789", length_end_ - 1) + 1;
  if (extension != nullptr && !extension->request_id.empty()) return;
  extended_ = extension != nullptr;
  keep_alive_ = extended_ && extension->keep_alive;
  status_ = extended_ ? extension->status : Status::kOk;
  json_ = is_json(content);
  content_type_ = content.content_type;
  content_encoding_ = content.content_encoding;
  reusable_ = true;
}

}  // namespace appd::protocol
