// Requests of the app protocol for the benchmarks that need no program to send them.
#pragma once

#include <string>
#include <string_view>

#include "appd/protocol/message_encoder.h"
#include "appd/reactor/check.h"

namespace appd::bench {

// `fields`: content-type and encoding; keep-alive, or none of the extensions.
inline std::string app_request(std::string_view content, bool keep_alive = true,
                               protocol::ContentFields fields = {}) {
  fields.content_length = content.size();
  protocol::RequestExtension extension{};
  if (keep_alive) extension.keep_alive = true;
  std::string bytes;
  APPD_CHECK(protocol::encode_request_header(fields, extension, bytes).has_value());
  return bytes.append(content);
}

inline std::string search_request(bool keep_alive = true) {
  return app_request(R"({"action": "search", "value": "morpheus"})", keep_alive);
}

inline std::string double_request() {
  return app_request(
      std::string_view("double\0t\xcb\xb1", 10), true,
      {.content_type = protocol::kClientBinaryType, .content_encoding = protocol::kBinaryEncoding});
}

inline std::string echo_request(std::size_t value_bytes) {
  return app_request(R"({"action": "echo", "value": ")" + std::string(value_bytes, 'x') + R"("})");
}

}  // namespace appd::bench
