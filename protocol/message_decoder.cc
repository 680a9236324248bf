#include "appd/protocol/message_decoder.h"

#include <limits>
#include <string>

#include "appd/protocol/byte_order.h"
#include "appd/protocol/foreign_start.h"
#include "appd/protocol/owned_header.h"
#include "appd/protocol/text/text_encoding.h"
#include "appd/reactor/check.h"

namespace appd::protocol {
namespace {

DecodeEvent need(std::size_t bytes) {
  return {.kind = DecodeEvent::Kind::kNeedMore, .bytes = bytes};
}

// UTF-16 and UTF-32 by themselves do not say in which order their bytes are.
bool lacks_byte_order(const MessageHeader& header, std::span<const std::byte> content) {
  if (!header.is_json()) return false;
  const auto encoding = find_text_encoding(header.content_encoding);
  return encoding && needs_byte_order(*encoding, content);
}

DecodeResult failure(DecodeContext& context, Status status, std::string text,
                     const MessageHeader& understood) {
  return DecodeResult(
      context.error.emplace(Error{make_error_code(status), std::move(text)}, understood));
}

DecodeResult bad_header(DecodeContext& context, std::string text) {
  return failure(context, Status::kBadHeader, std::move(text), context.parsed = MessageHeader());
}

MessageHeader without_json(const MessageHeader& header) {
  MessageHeader rest = header;
  rest.json = {};
  return rest;
}

}  // namespace

// A header whose content is awaited: copied, because until the content is there the input moves and
// the context serves other connections.
struct MessageDecoder::Held {
  Held(const MessageHeader& parsed, std::size_t header_end, std::size_t message_end)
      : header(without_json(parsed)),
        header_bytes(header_end),
        message_bytes(message_end),
        has_other_fields(!parsed.json.empty()) {}

  OwnedHeader header;  // without its JSON text, which may be long, and will be in the input again
  std::size_t header_bytes;
  std::size_t message_bytes;
  bool has_other_fields;
};

DecodeResult HeaderDecoder::next(std::span<const std::byte> input) {
  APPD_CHECK(!failed_);
  if (input.size() < kPrefixBytes) return need(kPrefixBytes);
  const KnownHeader known = context_.cache.find_message(input, rules_);
  if (known.header != nullptr) {
    return DecodeEvent{
        .kind = DecodeEvent::Kind::kHeader, .bytes = known.bytes, .header = known.header};
  }
  const std::size_t json_bytes = load_be16(input);
  const std::size_t header_bytes = kPrefixBytes + json_bytes;
  if (json_bytes == 0) {
    failed_ = true;
    return bad_header(context_, "the header is empty: its length must be 2 or more");
  }
  switch (header_start(input)) {
    case HeaderStart::kUndecided:
      return need(input.size() + 1);
    case HeaderStart::kForeign:
      failed_ = true;
      return bad_header(context_, foreign_start_text(input));
    case HeaderStart::kPossible:
      break;
  }
  if (input.size() < header_bytes) return need(header_bytes);
  const std::span<const std::byte> json = input.subspan(kPrefixBytes, json_bytes);
  Result<void> parsed =
      parse_message_header(context_.reader, json, rules_, context_.parsed, context_.unescaped);
  if (!parsed) {
    failed_ = true;
    return DecodeResult(context_.error.emplace(std::move(parsed.error()), context_.parsed));
  }
  if (context_.unescaped.empty()) context_.cache.remember(json, rules_, context_.parsed);
  return DecodeEvent{
      .kind = DecodeEvent::Kind::kHeader, .bytes = header_bytes, .header = &context_.parsed};
}

MessageDecoder::MessageDecoder(DecodeContext& context, const DecodeLimits& limits)
    : context_(context), limits_(limits) {
  // There is one for each idle connection.
  static_assert(sizeof(MessageDecoder) <= 40);
}

MessageDecoder::MessageDecoder(MessageDecoder&& other) noexcept = default;

MessageDecoder::~MessageDecoder() = default;

const MessageHeader& MessageDecoder::awaited_header() const {
  APPD_CHECK(awaits_content());
  return held_->header.view();
}

DecodeResult MessageDecoder::next(std::span<const std::byte> input) {
  if (state_ == State::kHeader) {
    const KnownHeader known = context_.cache.find_message(input, HeaderRules::kAllRequired);
    if (known.header != nullptr && is_whole(known, input)) {
      const auto content_bytes = static_cast<std::size_t>(known.header->content_length);
      return DecodeEvent{.kind = DecodeEvent::Kind::kMessage,
                         .bytes = known.bytes + content_bytes,
                         .content = input.subspan(known.bytes, content_bytes),
                         .header = known.header};
    }
  }
  return next_unusual(input);
}

bool MessageDecoder::is_whole(const KnownHeader& known, std::span<const std::byte> input) const {
  const std::uint64_t content_bytes = known.header->content_length;
  return content_bytes <= input.size() - known.bytes && content_bytes <= limits_.max_content &&
         known.header->byte_order.has_value();
}

DecodeResult MessageDecoder::next_unusual(std::span<const std::byte> input) {
  APPD_CHECK(state_ != State::kFailed);
  if (state_ == State::kContent) return go_on(input);
  held_.reset();
  state_ = State::kHeader;
  HeaderDecoder headers(context_, HeaderRules::kAllRequired);
  const DecodeResult event = headers.next(input);
  if (!event) state_ = State::kFailed;
  if (!event || event->kind == DecodeEvent::Kind::kNeedMore) return event;
  return begin_message(*event->header, event->bytes, input);
}

DecodeResult MessageDecoder::begin_message(const MessageHeader& header, std::size_t header_bytes,
                                           std::span<const std::byte> input) {
  const std::uint64_t content_bytes = header.content_length;
  if (content_bytes > limits_.max_content ||
      content_bytes > std::numeric_limits<std::size_t>::max() - header_bytes) {
    return too_large(header);
  }
  const std::size_t message_bytes = header_bytes + static_cast<std::size_t>(content_bytes);
  if (input.size() < message_bytes) {
    held_ = std::make_unique<Held>(header, header_bytes, message_bytes);
    state_ = State::kContent;
    return need(message_bytes);
  }
  return message(header, header_bytes, input.first(message_bytes));
}

DecodeResult MessageDecoder::too_large(const MessageHeader& header) {
  state_ = State::kFailed;
  return failure(context_, Status::kContentTooLarge,
                 "content-length must be at most " + std::to_string(limits_.max_content) +
                     ", not " + std::to_string(header.content_length),
                 header);
}

DecodeResult MessageDecoder::message(const MessageHeader& header, std::size_t header_bytes,
                                     std::span<const std::byte> input) {
  const auto content = input.subspan(header_bytes);
  if (!header.byte_order && lacks_byte_order(header, content)) {
    state_ = State::kFailed;
    return failure(context_, Status::kBadHeader,
                   "byteorder must be \"little\" or \"big\" for " +
                       std::string(header.content_encoding) + " without a byte order mark",
                   header);
  }
  return DecodeEvent{.kind = DecodeEvent::Kind::kMessage,
                     .bytes = input.size(),
                     .content = content,
                     .header = &header};
}

DecodeResult MessageDecoder::go_on(std::span<const std::byte> input) {
  if (input.size() < held_->message_bytes) return need(held_->message_bytes);
  state_ = State::kDelivered;
  MessageHeader& header = held_->header.view();
  if (held_->has_other_fields) {
    const auto json = input.subspan(kPrefixBytes, held_->header_bytes - kPrefixBytes);
    header.json = {reinterpret_cast<const char*>(json.data()), json.size()};
  }
  return message(header, held_->header_bytes, input.first(held_->message_bytes));
}

}  // namespace appd::protocol
