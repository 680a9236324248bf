#include "appd/clients/request_builder.h"

#include <utility>

#include "appd/clients/header_fields.h"
#include "appd/protocol/text/json.h"
#include "appd/protocol/text/text_encoding.h"
#include "appd/protocol/text/utf8.h"

namespace appd::clients {
namespace {

using protocol::JsonView;
using protocol::Protocol;

constexpr std::string_view kPlainTextType = "text/plain";

// A text without what an editor or echo(1) put around it: a byte order mark, a line end.
std::string_view bare_text(const CallValue& value) {
  if (!value.from_stream) return *value.text;
  std::string_view text = protocol::without_byte_order_mark(*value.text);
  if (!text.ends_with('\n')) return text;
  text.remove_suffix(1);
  if (text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

Request binary_request(std::string content) {
  Request request;
  request.content_type = protocol::kClientBinaryType;
  request.content_encoding = protocol::kBinaryEncoding;
  request.content = std::move(content);
  return request;
}

Result<void> append_string(std::string_view text, std::string& out) {
  if (!protocol::is_valid_utf8(text)) {
    return fail(ClientError::kInvalidRequest,
                "the value is not valid UTF-8; --binary sends it as bytes");
  }
  protocol::append_json_string(out, text);
  return {};
}

Result<void> append_value(const CallValue& value, ValueForm form, std::string& out) {
  if (form != ValueForm::kString) {
    const auto json = JsonView::parse(protocol::without_byte_order_mark(*value.text));
    if (json) {
      out += json->text();
      return {};
    }
    if (form == ValueForm::kJson) {
      return fail(ClientError::kInvalidRequest,
                  "the value is not JSON: " + json.error().message + "; --string quotes it");
    }
  }
  return append_string(bare_text(value), out);
}

Result<Request> json_request(std::string_view action, const CallValue& value, ValueForm form) {
  Request request;
  std::string& content = request.content;
  content = R"({"action": )";
  if (auto done = append_string(action, content); !done) return tl::unexpected(done.error());
  if (value.text) {
    content += R"(, "value": )";
    if (auto done = append_value(value, form, content); !done) {
      return tl::unexpected(done.error());
    }
  }
  content += '}';
  return request;
}

Result<Request> plain_request(std::string_view action, CallValue value, ValueForm form) {
  switch (form) {
    case ValueForm::kAutomatic:
    case ValueForm::kJson:
    case ValueForm::kString:
      break;
    case ValueForm::kBinary:
      return binary_request(std::string(action) + std::move(value.text).value_or(""));
    case ValueForm::kContent: {
      Request request = binary_request(std::move(value.text).value_or(""));
      if (!action.empty()) request.action = std::string(action);
      return request;
    }
  }
  return json_request(action, value, form);
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

Result<Request> build_request(std::string_view action, CallValue value, ValueForm form,
                              const std::vector<std::string>& fields) {
  auto request = plain_request(action, std::move(value), form);
  if (!request) return request;
  return finish_request(std::move(*request), fields);
}

Result<Request> build_echo_request(Protocol protocol, std::string value, ValueForm form,
                                   const std::vector<std::string>& fields) {
  if (protocol != Protocol::kMessageEcho) {
    if (!fields.empty() || form != ValueForm::kAutomatic) {
      return fail(ClientError::kInvalidRequest,
                  protocol.name +
                      " sends bytes alone: --header, --json, --string and --binary say nothing");
    }
    return binary_request(std::move(value));
  }
  if (form == ValueForm::kJson) value = protocol::without_byte_order_mark(value);
  const bool utf8 = protocol::is_valid_utf8(value);
  const bool binary = form == ValueForm::kBinary || form == ValueForm::kContent;
  if (binary || (form == ValueForm::kAutomatic && !utf8)) {
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
