#include "appd/clients/request.h"

#include <algorithm>
#include <array>
#include <span>

#include "appd/protocol/byte_order.h"
#include "appd/protocol/frame_decoder.h"
#include "appd/protocol/message_encoder.h"

namespace appd::clients {
namespace {

using protocol::Protocol;

Result<std::string> encode_head(const Request& request) {
  const protocol::ContentFields fields{request.content_type, request.content_encoding,
                                       request.content.size()};
  protocol::RequestExtension extension;
  extension.keep_alive = request.keep_alive;
  extension.request_id = request.request_id;
  extension.deadline = request.deadline;
  if (request.action) extension.action = *request.action;
  extension.others = request.other_fields;
  std::string head;
  if (auto done = protocol::encode_request_header(fields, extension, head); !done) {
    return fail(ClientError::kInvalidRequest, done.error().message);
  }
  return head;
}

std::string frames_around(std::string_view content) {
  std::string frames;
  frames.reserve(content.size() + protocol::kFramePrefixBytes *
                                      (content.size() / protocol::kMaxFramePayloadBytes + 1));
  do {
    const auto payload = content.substr(0, protocol::kMaxFramePayloadBytes);
    std::array<std::byte, protocol::kFramePrefixBytes> prefix;
    protocol::store_be16(prefix, static_cast<std::uint16_t>(payload.size()));
    frames.append(reinterpret_cast<const char*>(prefix.data()), prefix.size());
    frames.append(payload);
    content.remove_prefix(payload.size());
  } while (!content.empty());
  return frames;
}

}  // namespace

Result<SharedRequest> encode_request(Request request, const Protocol& protocol) {
  WireRequest wire;
  if (protocol == Protocol::kRawEcho) {
    if (request.content.empty()) {
      return fail(ClientError::kInvalidRequest,
                  "a raw echo needs at least one byte: nothing would come back for none");
    }
    wire.body = std::move(request.content);
    wire.keep_alive = true;
  } else if (protocol == Protocol::kFramedEcho) {
    wire.body = frames_around(request.content);
    wire.keep_alive = true;
  } else {
    auto head = encode_head(request);
    if (!head) return tl::unexpected(head.error());
    wire.head = std::move(*head);
    wire.body = std::move(request.content);
    wire.keep_alive = request.keep_alive.value_or(false);
  }
  return std::make_shared<const WireRequest>(std::move(wire));
}

std::string content_of_frames(std::string_view frames) {
  std::string content;
  content.reserve(frames.size());
  auto rest = std::as_bytes(std::span(frames));
  while (!rest.empty()) {
    const protocol::Frame frame = protocol::decode_frame(rest);
    if (!frame.complete) break;
    content.append(reinterpret_cast<const char*>(frame.payload.data()), frame.payload.size());
    rest = rest.subspan(frame.bytes);
  }
  return content;
}

}  // namespace appd::clients
