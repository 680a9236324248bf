// All that a reader of a header can see, as text: to compare two.
#pragma once

#include <string>

#include "appd/protocol/message_header.h"

namespace appd::fuzz {

inline std::string describe(const protocol::MessageHeader& header) {
  std::string text(header.content_type);
  text += '|' + std::string(header.content_encoding) + '|' + std::to_string(header.content_length);
  text += '|' + std::string(header.byte_order ? byte_order_name(*header.byte_order) : "?");
  text += header.has_connection ? (header.keep_alive ? "|keep" : "|close") : "|-";
  text += '|' + std::string(header.request_id);
  text += '|' + (header.deadline ? std::to_string(header.deadline->count()) : "-");
  text += '|' + std::string(header.action.value_or("-"));
  text += '|' + std::string(header.status.value_or("-"));
  return text;
}

}  // namespace appd::fuzz
