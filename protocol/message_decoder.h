// Splits a byte stream into messages (docs/protocol.md 2.1). No I/O; the same bytes in any slicing
// give the same messages. Parsing never starts over: a header is parsed once, when its last byte is
// there, and the decoder always knows how many bytes it needs to go on. What cannot become a header
// is refused by its first bytes (foreign_start.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "appd/protocol/header_cache.h"
#include "appd/protocol/message_header.h"

namespace appd::protocol {

struct DecodeEvent {
  enum class Kind : std::uint8_t {
    kNeedMore,  // `bytes`, counted from the front of the input, are needed to go on
    kHeader,    // HeaderDecoder: prefix and header, `bytes` long, are complete
    kMessage,   // MessageDecoder: a message, `bytes` long, is complete
  };
  Kind kind = Kind::kNeedMore;
  std::size_t bytes = 0;
  std::span<const std::byte> content = {};  // with kMessage: a view into the input
  // With kHeader and kMessage. Valid until the next call of next() of any decoder of the context,
  // and as long as the decoder and the input of the call that reported it.
  const MessageHeader* header = nullptr;
};

struct DecodeError : Error {
  DecodeError(Error error, const MessageHeader& understood)
      : Error(std::move(error)), header(&understood) {}
  // What could be understood of the bad one; valid as that of a DecodeEvent.
  const MessageHeader* header;
};

// An event, or an error, which lies in the context: small and trivial, since there is one for each
// message. Valid as what it refers to.
class DecodeResult {
 public:
  DecodeResult(const DecodeEvent& event) : event_(event) {}
  explicit DecodeResult(const DecodeError& error) : error_(&error) {}

  [[nodiscard]] explicit operator bool() const { return error_ == nullptr; }
  [[nodiscard]] bool has_value() const { return error_ == nullptr; }
  // Without an error only.
  [[nodiscard]] const DecodeEvent& operator*() const { return event_; }
  [[nodiscard]] const DecodeEvent* operator->() const { return &event_; }
  // With one only. Valid until the next call of next() of any decoder of the context.
  [[nodiscard]] const DecodeError& error() const { return *error_; }

 private:
  DecodeEvent event_;
  const DecodeError* error_ = nullptr;
};

// What all decoders of a loop share, so that one of an idle connection is a few words: the parser
// and its memory. Outlives the decoders. Not thread-safe.
struct DecodeContext {
  explicit DecodeContext(std::size_t max_nesting = kDefaultMaxNesting) : reader(max_nesting) {}
  DecodeContext(const DecodeContext&) = delete;
  DecodeContext& operator=(const DecodeContext&) = delete;

  JsonReader reader;  // also for others of the same loop, between calls of a decoder
  HeaderCache cache;
  MessageHeader parsed;              // scratch: the header of an event, unless that is of the cache
  std::string unescaped;             // text of `parsed` that was escaped
  std::optional<DecodeError> error;  // the latest
};

// Parts 1 and 2 only: for a session that passes the content through.
class HeaderDecoder {
 public:
  HeaderDecoder(DecodeContext& context, HeaderRules rules) : context_(context), rules_(rules) {}

  // `input` begins at a message's first byte, at every call for the same message.
  // Errors: bad_header. Afterwards only destruction is allowed (checked).
  [[nodiscard]] DecodeResult next(std::span<const std::byte> input);

 private:
  DecodeContext& context_;
  HeaderRules rules_;
  bool failed_ = false;
};

struct DecodeLimits {
  std::uint64_t max_content = 16 * 1024 * 1024;  // bytes
};

class MessageDecoder {
 public:
  // `limits` is shared too and outlives the decoder.
  // Between messages there is nothing in it: a new one goes on as well.
  MessageDecoder(DecodeContext& context, const DecodeLimits& limits);
  MessageDecoder(MessageDecoder&& other) noexcept;
  ~MessageDecoder();

  // `input` begins at a message's first byte, at every call until that message is complete; it may
  // have moved in memory between calls. Allocates only for a message whose content is not all there
  // with its header.
  // Errors: bad_header, also of text that a byte order is needed for, where the header does not say
  // one; content_too_large (as soon as the header is there, content unread). Afterwards only
  // destruction is allowed (checked).
  [[nodiscard]] DecodeResult next(std::span<const std::byte> input);

  // The header of the message under way was parsed, its content is awaited.
  [[nodiscard]] bool awaits_content() const { return state_ == State::kContent; }
  // The header of the message that was just reported is the decoder's own: none of it but `json`
  // lies in the input.
  [[nodiscard]] bool owns_header() const { return state_ == State::kDelivered; }
  // While the content is awaited only: its header. Valid until the next call of next().
  [[nodiscard]] const MessageHeader& awaited_header() const;

 private:
  enum class State : std::uint8_t {
    kHeader,     // prefix and header are not complete
    kContent,    // they are, and held_; the content is not
    kDelivered,  // the message of held_ was reported
    kFailed,     // an error was
  };
  struct Held;

  // The usual case of next(): the header is known, the content is here, and neither can be refused.
  [[nodiscard]] bool is_whole(const KnownHeader& known, std::span<const std::byte> input) const;
  // What is not.
  DecodeResult next_unusual(std::span<const std::byte> input);
  DecodeResult begin_message(const MessageHeader& header, std::size_t header_bytes,
                             std::span<const std::byte> input);
  // `input` is all of it.
  DecodeResult message(const MessageHeader& header, std::size_t header_bytes,
                       std::span<const std::byte> input);
  DecodeResult too_large(const MessageHeader& header);
  DecodeResult go_on(std::span<const std::byte> input);

  DecodeContext& context_;
  const DecodeLimits& limits_;
  std::unique_ptr<Held> held_;  // in kContent and kDelivered
  State state_ = State::kHeader;
};

}  // namespace appd::protocol
