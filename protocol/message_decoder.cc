#include "appd/protocol/message_decoder.h"

#include <array>
#include <limits>
#include <string_view>

#include "appd/protocol/byte_order.h"
#include "appd/protocol/foreign_start.h"
#include "appd/protocol/text/text_encoding.h"
#include "appd/reactor/check.h"

namespace appd::protocol {
namespace {

DecodeEvent need(std::size_t bytes) { return {DecodeEvent::Kind::kNeedMore, bytes, {}}; }

// UTF-16 and UTF-32 by themselves do not say in which order their bytes are.
Result<void> check_byte_order(const MessageHeader& header, std::span<const std::byte> content) {
  if (header.byte_order || !header.is_json()) return {};
  const auto encoding = find_text_encoding(header.content_encoding);
  if (!encoding || !needs_byte_order(*encoding, content)) return {};
  return fail(Status::kBadHeader, "byteorder must be \"little\" or \"big\" for " +
                                      std::string(header.content_encoding) +
                                      " without a byte order mark");
}

Result<DecodeEvent> message(const MessageHeader& header, std::span<const std::byte> input,
                            std::size_t header_bytes, std::size_t bytes) {
  const auto content = input.subspan(header_bytes, bytes - header_bytes);
  if (Result<void> checked = check_byte_order(header, content); !checked) {
    return tl::unexpected<Error>(std::move(checked.error()));
  }
  return DecodeEvent{DecodeEvent::Kind::kMessage, bytes, content};
}

}  // namespace

// A header whose content is awaited: its texts are copied, because until the content is there the
// input moves and the context serves other connections.
struct MessageDecoder::Held {
  Held(const MessageHeader& parsed, std::size_t header_end, std::size_t message_end)
      : header(parsed),
        header_bytes(header_end),
        message_bytes(message_end),
        has_other_fields(!parsed.json.empty()) {
    header.content_length_digits = {};
    header.json = {};  // may be long, and will be in the input again
    std::array<std::string_view*, 5> views = {&header.content_type, &header.content_encoding,
                                              &header.request_id, nullptr, nullptr};
    if (header.action) views[3] = &*header.action;
    if (header.status) views[4] = &*header.status;
    std::size_t total = 0;
    for (const std::string_view* view : views) total += view != nullptr ? view->size() : 0;
    text.reserve(total);  // so that what a view borrows from never moves
    for (std::string_view* view : views) {
      if (view == nullptr) continue;
      const std::size_t begin = text.size();
      text.append(*view);
      *view = std::string_view(text).substr(begin);
    }
  }

  MessageHeader header;
  std::string text;
  std::size_t header_bytes;
  std::size_t message_bytes;
  bool has_other_fields;
};

std::size_t HeaderDecoder::known_header(std::span<const std::byte> input) {
  if (input.size() < kPrefixBytes) return 0;
  const std::size_t json_bytes = load_be16(input);
  if (input.size() - kPrefixBytes < json_bytes) return 0;
  const MessageHeader* cached =
      context_.cache.find(input.subspan(kPrefixBytes, json_bytes), rules_);
  if (cached == nullptr) return 0;
  context_.header = cached;
  return kPrefixBytes + json_bytes;
}

Result<DecodeEvent> HeaderDecoder::next(std::span<const std::byte> input) {
  APPD_CHECK(!failed_);
  if (input.size() < kPrefixBytes) return need(kPrefixBytes);
  if (const std::size_t known_bytes = known_header(input); known_bytes != 0) {
    return DecodeEvent{DecodeEvent::Kind::kHeader, known_bytes, {}};
  }
  std::size_t json_bytes = load_be16(input);
  std::size_t header_bytes = kPrefixBytes + json_bytes;
  if (json_bytes == 0) {
    failed_ = true;
    context_.header = &(context_.parsed = MessageHeader());
    return fail(Status::kBadHeader, "the header is empty: its length must be 2 or more");
  }
  switch (header_start(input)) {
    case HeaderStart::kUndecided:
      return need(input.size() + 1);
    case HeaderStart::kForeign:
      failed_ = true;
      context_.header = &(context_.parsed = MessageHeader());
      return fail(Status::kBadHeader, foreign_start_text(input));
    case HeaderStart::kPossible:
      break;
  }
  if (input.size() < header_bytes) return need(header_bytes);
  const std::span<const std::byte> json = input.subspan(kPrefixBytes, json_bytes);
  context_.header = &context_.parsed;
  Result<void> parsed =
      parse_message_header(context_.reader, json, rules_, context_.parsed, context_.unescaped);
  if (!parsed) {
    failed_ = true;
    return tl::unexpected<Error>(std::move(parsed.error()));
  }
  if (context_.unescaped.empty()) context_.cache.remember(json, rules_, context_.parsed);
  return DecodeEvent{DecodeEvent::Kind::kHeader, header_bytes, {}};
}

MessageDecoder::MessageDecoder(DecodeContext& context, const DecodeLimits& limits)
    : context_(context), limits_(limits) {
  // There is one for each idle connection.
  static_assert(sizeof(MessageDecoder) <= 40);
}

MessageDecoder::MessageDecoder(MessageDecoder&& other) noexcept = default;

MessageDecoder::~MessageDecoder() = default;

const MessageHeader& MessageDecoder::header() const {
  return held_ != nullptr ? held_->header : *context_.header;
}

Result<DecodeEvent> MessageDecoder::next(std::span<const std::byte> input) {
  APPD_CHECK(state_ != State::kFailed);
  if (state_ == State::kContent) return go_on(input);
  held_.reset();
  state_ = State::kHeader;
  Result<DecodeEvent> event = begin_message(input);
  if (!event) state_ = State::kFailed;
  return event;
}

Result<DecodeEvent> MessageDecoder::begin_message(std::span<const std::byte> input) {
  HeaderDecoder headers(context_, HeaderRules::kAllRequired);
  std::size_t header_bytes = headers.known_header(input);
  if (header_bytes == 0) {
    Result<DecodeEvent> event = headers.next(input);
    if (!event || event->kind == DecodeEvent::Kind::kNeedMore) return event;
    header_bytes = event->bytes;
  }
  std::uint64_t content_bytes = context_.header->content_length;
  if (content_bytes > limits_.max_content ||
      content_bytes > std::numeric_limits<std::size_t>::max() - header_bytes) {
    return fail(Status::kContentTooLarge, "content-length must be at most " +
                                              std::to_string(limits_.max_content) + ", not " +
                                              std::to_string(content_bytes));
  }
  std::size_t message_bytes = header_bytes + static_cast<std::size_t>(content_bytes);
  if (input.size() >= message_bytes) {
    return message(*context_.header, input, header_bytes, message_bytes);
  }

  held_ = std::make_unique<Held>(*context_.header, header_bytes, message_bytes);
  state_ = State::kContent;
  return need(message_bytes);
}

Result<DecodeEvent> MessageDecoder::go_on(std::span<const std::byte> input) {
  if (input.size() < held_->message_bytes) return need(held_->message_bytes);
  state_ = State::kDelivered;
  if (held_->has_other_fields) {
    const auto json = input.subspan(kPrefixBytes, held_->header_bytes - kPrefixBytes);
    held_->header.json = {reinterpret_cast<const char*>(json.data()), json.size()};
  }
  Result<DecodeEvent> event =
      message(held_->header, input, held_->header_bytes, held_->message_bytes);
  if (!event) {
    state_ = State::kFailed;
    context_.header = &(context_.parsed = held_->header);
  }
  return event;
}

}  // namespace appd::protocol
