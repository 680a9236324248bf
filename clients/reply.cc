#include "appd/clients/reply.h"

#include <string_view>

#include "appd/protocol/message_decoder.h"
#include "appd/protocol/status.h"
#include "appd/protocol/text/json.h"
#include "appd/protocol/text/text_encoding.h"

namespace appd::clients {
namespace {

constexpr std::string_view kErrorPrefix = "Error: ";

std::string to_string(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// The characters of a JSON string, any other value as its text.
std::string plain_text(std::string_view json) {
  auto value = protocol::JsonView::parse(json);
  if (!value || value->kind() != protocol::JsonKind::kString) return std::string(json);
  std::string scratch;
  return std::string(value->string(scratch));
}

// The value of "result" in an object, else the whole value. Errors: invalid_content.
Result<std::string> find_result(std::string_view text) {
  auto value = protocol::JsonView::parse(text);
  if (!value) return tl::unexpected(value.error());
  std::string result(value->text());
  if (value->kind() == protocol::JsonKind::kObject) {
    protocol::JsonReader reader;
    auto done = reader.read_object(text, [&](std::string_view name, protocol::JsonView member) {
      if (name == "result") result = member.text();
    });
    if (!done) return tl::unexpected(done.error());
  }
  return result;
}

bool says_error(const Reply& reply) {
  if (reply.status) return *reply.status != "ok";
  return reply.is_json() && reply.result.starts_with('"') &&
         plain_text(reply.result).starts_with(kErrorPrefix);
}

}  // namespace

Result<std::string> Reply::text() const {
  const auto encoding = protocol::find_text_encoding(content_encoding);
  if (!encoding) {
    return fail(ClientError::kProtocolBroken,
                "the reply's content-encoding \"" + content_encoding + "\" is no text encoding");
  }
  std::string scratch;
  auto decoded =
      protocol::decode_text(*encoding, byte_order, std::as_bytes(std::span(content)), scratch);
  if (!decoded) {
    return fail(
        ClientError::kProtocolBroken,
        "the reply's content is not valid " + content_encoding + ": " + decoded.error().message);
  }
  return std::string(*decoded);
}

Result<std::string> Reply::result_text() const {
  std::string shown = is_json() ? plain_text(result) : content;
  if (!is_error) return shown;
  if (shown.starts_with(kErrorPrefix)) shown.erase(0, kErrorPrefix.size());
  return fail(ClientError::kServerError, std::move(shown));
}

std::optional<Error> Reply::failure() const {
  auto shown = result_text();
  if (shown) return std::nullopt;
  const auto known = status ? protocol::status_from_name(*status) : std::nullopt;
  return Error{make_error_code(known.value_or(protocol::Status::kInternal)),
               std::move(shown.error().message)};
}

Result<Reply> make_reply(const protocol::MessageHeader& header,
                         std::span<const std::byte> header_json,
                         std::span<const std::byte> content) {
  Reply reply;
  reply.content = to_string(content);
  reply.header = to_string(header_json);
  reply.content_type = header.content_type;
  reply.content_encoding = header.content_encoding;
  reply.byte_order = header.byte_order.value_or(protocol::kNativeByteOrder);
  reply.keep_alive = header.keep_alive;
  reply.request_id = header.request_id;
  if (header.status) reply.status = std::string(*header.status);
  if (reply.is_json()) {
    auto text = reply.text();
    if (!text) return tl::unexpected(text.error());
    auto result = find_result(*text);
    if (!result) {
      return fail(ClientError::kProtocolBroken,
                  "the reply's content is not JSON: " + result.error().message);
    }
    reply.result = std::move(*result);
  }
  reply.is_error = says_error(reply);
  return reply;
}

Reply make_echo_reply(const WireRequest& request, protocol::Protocol protocol) {
  Reply reply;
  const bool framed = protocol == protocol::Protocol::kFramedEcho;
  reply.content = framed ? content_of_frames(request.body) : request.body;
  if (!request.head.empty()) reply.header = request.head.substr(protocol::kPrefixBytes);
  reply.keep_alive = request.keep_alive;
  return reply;
}

}  // namespace appd::clients
