// Splits a byte stream into messages (docs/protocol.md 2.1). No I/O; the same bytes in any slicing
// give the same messages. Parsing never starts over: a header is parsed once, when its last byte is
// there, and the decoder always knows how many bytes it needs to go on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "protocol/message_header.h"

namespace appd::protocol {

// Length prefix of part 1.
inline constexpr std::size_t kPrefixBytes = 2;

struct DecodeEvent {
  enum class Kind : std::uint8_t {
    kNeedMore,  // `bytes`, counted from the front of the input, are needed to go on
    kHeader,    // HeaderDecoder: prefix and header, `bytes` long, are complete
    kMessage,   // MessageDecoder: a message, `bytes` long, is complete
  };
  Kind kind = Kind::kNeedMore;
  std::size_t bytes = 0;
  std::span<const std::byte> content;  // with kMessage: a view into the input
};

// Parts 1 and 2 only: for a session that passes the content through.
class HeaderDecoder {
 public:
  // `reader` is shared by the decoders of a loop and outlives them.
  HeaderDecoder(JsonReader& reader, HeaderRules rules) : reader_(reader), rules_(rules) {}

  // `input` begins at a message's first byte, at every call for the same message.
  // Errors: bad_header. Afterwards only header() and destruction are allowed.
  [[nodiscard]] Result<DecodeEvent> next(std::span<const std::byte> input);

  // Of the last kHeader, or what could be understood of a bad one. Its texts are valid until the
  // next call of next(), and as long as the input of the call that reported it.
  [[nodiscard]] const MessageHeader& header() const { return header_; }

 private:
  JsonReader& reader_;
  HeaderRules rules_;
  MessageHeader header_;
  std::string unescaped_;
};

struct DecodeLimits {
  std::uint64_t max_content = 16 * 1024 * 1024;  // bytes
};

class MessageDecoder {
 public:
  // `reader` and `limits` are shared and outlive the decoder.
  MessageDecoder(JsonReader& reader, const DecodeLimits& limits);
  ~MessageDecoder();

  // `input` begins at a message's first byte, at every call until that message is complete; it may
  // have moved in memory between calls.
  // Errors: bad_header; content_too_large (as soon as the header is there, content unread).
  // Afterwards only header() and destruction are allowed (checked).
  [[nodiscard]] Result<DecodeEvent> next(std::span<const std::byte> input);

  // Of the last kMessage (valid until the next call of next(), and as long as the input), or,
  // behind an error, what could be understood.
  [[nodiscard]] const MessageHeader& header() const;
  // The header of the message under way was parsed, its content is awaited.
  [[nodiscard]] bool awaits_content() const;

 private:
  struct Held;
  JsonReader& reader_;
  const DecodeLimits& limits_;
  std::unique_ptr<Held> held_;  // only while a message waits for its content, or behind an error
};

}  // namespace appd::protocol
