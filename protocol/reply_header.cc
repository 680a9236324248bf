#include "appd/protocol/reply_header.h"

namespace appd::protocol {

void ReplyHeader::write_anew(const ContentFields& content, const ReplyExtension* extension) {
  reusable_ = false;
  bytes_.clear();
  length_end_ = encode_reply_header(content, extension, bytes_);
  length_begin_ = bytes_.find_last_not_of("0123456789", length_end_ - 1) + 1;
  if (extension != nullptr && !extension->request_id.empty()) return;
  extended_ = extension != nullptr;
  keep_alive_ = extended_ && extension->keep_alive;
  status_ = extended_ ? extension->status : Status::kOk;
  form_ = form_of(content);
  content_type_ = content.content_type;
  content_encoding_ = content.content_encoding;
  reusable_ = true;
}

}  // namespace appd::protocol
