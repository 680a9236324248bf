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
  [[nodiscard]] bool says(const ContentFields& content, const ReplyExtension* extension) const;
  // False: the length in place has more digits, or fewer.
  [[nodiscard]] bool put_length(std::uint64_t length);
  void write_anew(const ContentFields& content, const ReplyExtension* extension);

  std::string bytes_;
  std::size_t length_begin_ = 0;  // content-length's digits in bytes_
  std::size_t length_end_ = 0;

  // What bytes_ says.
  bool reusable_ = false;  // and no request-id, which changes with each reply
  bool extended_ = false;
  bool keep_alive_ = false;
  Status status_ = Status::kOk;
  bool json_ = false;  // the type and the encoding of JSON, as constants
  std::string content_type_;
  std::string content_encoding_;
};

}  // namespace appd::protocol
