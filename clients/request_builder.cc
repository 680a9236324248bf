#include "clients/request_builder.h"

#include <array>
#include <charconv>
#include <span>

#include "clients/header_fields.h"
#include "protocol/byte_order.h"
#include "protocol/json.h"
#include "protocol/text_encoding.h"
#include "protocol/utf8.h"

namespace appd::clients {
namespace {

using protocol::JsonView;
using protocol::Protocol;

constexpr std::string_view kPlainTextType = "text/plain";
constexpr std::string_view kPackedReplyName = "result";
constexpr std::size_t kPackedReplyBytes = 10;

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

// A text without the line end that an editor or echo(1) put behind it.
std::string_view line_text(const CallValue& value) {
  std::string_view text = *value.text;
  if (!value.from_stream || !text.ends_with('\n')) return text;
  text.remove_suffix(1);
  if (text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

Result<std::int32_t> parse_int32(std::string_view action, const CallValue& value) {
  const std::string_view text = value.text ? trimmed(*value.text) : std::string_view();
  const std::string_view digits = text.starts_with('+') ? text.substr(1) : text;
  std::int32_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error == std::errc() && end == digits.data() + digits.size() && !digits.starts_with("+") &&
      !text.starts_with("+-")) {
    return number;
  }
  std::string message = "the value of " + std::string(action) +
                        " must be a whole number from -2147483648 to 2147483647, ";
  message += value.text ? "not \"" + std::string(text) + '"' : "and there is none";
  if (error == std::errc::result_out_of_range) {
    message += "; --json sends integers of 64 bits";
  }
  return fail(ClientError::kInvalidRequest, std::move(message));
}

Request binary_request(std::string content) {
  Request request;
  request.content_type = protocol::kClientBinaryType;
  request.content_encoding = protocol::kBinaryEncoding;
  request.content = std::move(content);
  return request;
}

Result<Request> packed_request(std::string_view action, const CallValue& value) {
  const auto number = parse_int32(action, value);
  if (!number) return tl::unexpected(number.error());
  std::array<std::byte, 4> packed;
  protocol::store_be32(packed, static_cast<std::uint32_t>(*number));
  std::string content(action);
  content.append(reinterpret_cast<const char*>(packed.data()), packed.size());
  return binary_request(std::move(content));
}

Result<void> append_string(std::string_view text, std::string& out) {
  if (!protocol::is_valid_utf8(text)) {
    return fail(ClientError::kInvalidRequest,
                "the value is not valid UTF-8; --binary sends it as bytes");
  }
  protocol::append_json_string(out, text);
  return {};
}

Result<void> append_value(std::string_view action, const CallValue& value, ValueForm form,
                          std::string& out) {
  const bool string_only =
      form == ValueForm::kString || (form == ValueForm::kAutomatic && action == "search");
  if (!string_only) {
    const auto json = JsonView::parse(*value.text);
    if (json) {
      out += json->text();
      return {};
    }
    if (form == ValueForm::kJson) {
      return fail(ClientError::kInvalidRequest,
                  "the value is not JSON: " + json.error().message + "; --string quotes it");
    }
  }
  return append_string(line_text(value), out);
}

Result<Request> json_request(std::string_view action, const CallValue& value, ValueForm form) {
  Request request;
  std::string& content = request.content;
  content = R"({"action": )";
  if (auto done = append_string(action, content); !done) return tl::unexpected(done.error());
  if (value.text) {
    content += R"(, "value": )";
    if (auto done = append_value(action, value, form, content); !done) {
      return tl::unexpected(done.error());
    }
  }
  content += '}';
  return request;
}

Result<Request> plain_request(std::string_view action, const CallValue& value, ValueForm form) {
  if (is_packed_number(action, form)) return packed_request(action, value);
  const bool binary =
      form == ValueForm::kBinary || (form == ValueForm::kAutomatic && action == "binary");
  if (!binary) return json_request(action, value, form);
  return binary_request(std::string(action) + value.text.value_or(""));
}

// Adds the fields; UTF-8 content follows an encoding that they ask for.
Result<Request> finish_request(Request request, const std::vector<std::string>& fields) {
  const bool is_text = request.content_encoding == "utf-8";
  if (auto done = add_header_fields(fields, request); !done) return tl::unexpected(done.error());
  const auto encoding = protocol::find_text_encoding(request.content_encoding);
  if (!is_text || !encoding || *encoding == protocol::TextEncoding::kUtf8) return request;
  auto content = protocol::encode_text(*encoding, request.content);
  if (!content) return fail(ClientError::kInvalidRequest, content.error().message);
  request.content = std::move(*content);
  return request;
}

}  // namespace

bool is_packed_number(std::string_view action, ValueForm form) {
  return form == ValueForm::kAutomatic && (action == "double" || action == "negate");
}

std::optional<std::int32_t> unpack_number(std::string_view content) {
  if (content.size() != kPackedReplyBytes || !content.starts_with(kPackedReplyName)) {
    return std::nullopt;
  }
  const auto packed = std::as_bytes(std::span(content)).subspan(kPackedReplyName.size());
  return static_cast<std::int32_t>(protocol::load_be32(packed));
}

Result<Request> build_request(std::string_view action, const CallValue& value, ValueForm form,
                              const std::vector<std::string>& fields) {
  auto request = plain_request(action, value, form);
  if (!request) return request;
  return finish_request(std::move(*request), fields);
}

Result<Request> build_echo_request(Protocol protocol, std::string value, ValueForm form,
                                   const std::vector<std::string>& fields) {
  if (protocol != Protocol::kMessageEcho) {
    if (!fields.empty() || form != ValueForm::kAutomatic) {
      return fail(ClientError::kInvalidRequest,
                  std::string(protocol::protocol_name(protocol)) +
                      " sends bytes alone: --header, --json, --string and --binary say nothing");
    }
    return binary_request(std::move(value));
  }
  const bool utf8 = protocol::is_valid_utf8(value);
  if (form == ValueForm::kBinary || (form == ValueForm::kAutomatic && !utf8)) {
    return finish_request(binary_request(std::move(value)), fields);
  }
  if (!utf8 || (form == ValueForm::kJson && !JsonView::parse(value))) {
    return fail(ClientError::kInvalidRequest,
                form == ValueForm::kJson ? "the value is not JSON" : "the value is not UTF-8");
  }
  Request request;
  if (form != ValueForm::kJson) request.content_type = kPlainTextType;
  request.content = std::move(value);
  return finish_request(std::move(request), fields);
}

}  // namespace appd::clients
