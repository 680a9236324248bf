// A header that outlives the bytes it was parsed from: all of its texts, copied into one.
#pragma once

#include <string>

#include "appd/protocol/message_header.h"

namespace appd::protocol {

class OwnedHeader {
 public:
  OwnedHeader() = default;
  explicit OwnedHeader(const MessageHeader& header) { assign(header); }
  OwnedHeader(const OwnedHeader&) = delete;
  OwnedHeader& operator=(const OwnedHeader&) = delete;

  // In place of what was here before, in the same memory if that is enough. Not copied:
  // content_length_digits, which the number says as well.
  void assign(const MessageHeader& header);

  // Valid as long as this object. Its numbers may be set.
  [[nodiscard]] MessageHeader& view() { return view_; }
  [[nodiscard]] const MessageHeader* operator->() const { return &view_; }

 private:
  std::string text_;
  MessageHeader view_;  // borrows from text_
};

}  // namespace appd::protocol
