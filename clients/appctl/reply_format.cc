#include "appd/clients/appctl/reply_format.h"

#include <optional>

#include "appd/clients/appctl/tutorial_form.h"
#include "appd/protocol/text/json.h"

namespace appd::clients {
namespace {

// The JSON as it came may span lines; an object a line must not. Outside of strings a line end is
// white space, inside it cannot occur.
std::string on_one_line(std::string_view json) {
  std::string out(json);
  for (char& c : out) {
    if (c == '\n' || c == '\r') c = ' ';
  }
  return out;
}

std::string json_string(std::string_view utf8) {
  std::string out;
  protocol::append_json_string(out, utf8);
  return out;
}

std::string json_line(const Reply& reply, std::optional<std::int32_t> number) {
  std::string out = R"({"error": )";
  out += reply.is_error ? "true" : "false";
  if (reply.status) out += R"(, "status": )" + json_string(*reply.status);
  if (!reply.request_id.empty()) out += R"(, "request-id": )" + on_one_line(reply.request_id);
  if (reply.is_json()) {
    out += R"(, "result": )" + on_one_line(reply.result);
  } else {
    if (number) out += R"(, "result": )" + std::to_string(*number);
    out += R"(, "content-base64": ")" + base64(reply.content) + '"';
  }
  if (!reply.header.empty()) out += R"(, "header": )" + on_one_line(reply.header);
  out += "}\n";
  return out;
}

}  // namespace

std::string format_reply(const Reply& reply, OutputFormat format, bool packed_number) {
  std::optional<std::int32_t> number;
  if (packed_number && !reply.is_json()) number = unpack_number(reply.content);
  if (format == OutputFormat::kJson) return json_line(reply, number);
  if (reply.is_error) return {};
  if (format == OutputFormat::kRaw) return reply.content;
  if (number) return std::to_string(*number) + '\n';
  return reply.result_text().value_or(std::string()) + '\n';
}

std::string base64(std::string_view bytes) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  while (!bytes.empty()) {
    const std::string_view group = bytes.substr(0, 3);
    unsigned bits = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      bits = (bits << 8) | (i < group.size() ? static_cast<unsigned char>(group[i]) : 0U);
    }
    for (std::size_t i = 0; i < 4; ++i) {
      out += i <= group.size() ? kAlphabet[(bits >> (18 - 6 * i)) & 63] : '=';
    }
    bytes.remove_prefix(group.size());
  }
  return out;
}

}  // namespace appd::clients
