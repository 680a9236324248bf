// The header of a reply, written over the one before it.
//
// A loop's replies come in long runs whose headers differ in content-length alone: then only its
// digits are written anew. The bytes are always those of encode_reply_header.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "appd/protocol/message_encoder.h"

namespace appd::protocol {

class ReplyHeader {
 public:
  // Prefix and header, as encode_reply_header writes them. Valid until the next call.
  [[nodiscard]] std::span<const std::byte> write(const ContentFields& content,
                                                 const ReplyExtension* extension) {
    if (!says(content, extension) || !put_length(content.content_length)) {
      write_anew(content, extension);
    }
    return std::as_bytes(std::span(bytes_));
  }

 private:
  // The header in place says the same, but for content-length.
  [[nodiscard]] bool says(const ContentFields& content, const ReplyExtension* extension) const {
    if (!reusable_ || extended_ != (extension != nullptr)) return false;
    if (extension != nullptr && (extension->keep_alive != keep_alive_ ||
                                 extension->status != status_ || !extension->request_id.empty())) {
      return false;
    }
    const Form form = form_of(content);
    if (form != Form::kOther && form == form_) return true;
    return content.content_type == content_type_ && content.content_encoding == content_encoding_;
  }
  enum class Form : std::uint8_t { kJson, kBinary, kOther };
  // By constants, which nobody needs to compare: the same characters are at the same place. (A
  // compiler may have several places for one constant; then it is kOther.)
  [[nodiscard]] static Form form_of(const ContentFields& content) {
    const auto same = [&content](std::string_view type, std::string_view encoding) {
      return content.content_type.data() == type.data() &&
             content.content_type.size() == type.size() &&
             content.content_encoding.data() == encoding.data() &&
             content.content_encoding.size() == encoding.size();
    };
    if (same(kJsonContentType, kUtf8Encoding)) return Form::kJson;
    return same(kServerBinaryType, kBinaryEncoding) ? Form::kBinary : Form::kOther;
  }
  // False: the length in place has more digits, or fewer.
  [[nodiscard]] bool put_length(std::uint64_t length) {
    const char* const begin = bytes_.data() + length_begin_;
    char* digit = bytes_.data() + length_end_;
    do {
      *--digit = static_cast<char>('0' + length % 10);
      length /= 10;
    } while (digit != begin && length != 0);
    return digit == begin && length == 0;
  }
  void write_anew(const ContentFields& content, const ReplyExtension* extension);

  std::string bytes_;
  std::size_t length_begin_ = 0;  // content-length's digits in bytes_
  std::size_t length_end_ = 0;

  // What bytes_ says.
  bool reusable_ = false;  // and no request-id, which changes with each reply
  bool extended_ = false;
  bool keep_alive_ = false;
  Status status_ = Status::kOk;
  Form form_ = Form::kOther;
  std::string content_type_;
  std::string content_encoding_;
};

}  // namespace appd::protocol
