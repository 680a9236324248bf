#include "appd/protocol/message_decoder.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "bytes.h"

namespace appd::protocol {
namespace {

using namespace std::string_literals;
using testing::as_bytes;
using testing::as_text;
using testing::message;
using testing::plain_message;
using Kind = DecodeEvent::Kind;

// All that a reader of a header can see, as text.
std::string describe(const MessageHeader& header) {
  std::string text(header.content_type);
  text += '|' + std::string(header.content_encoding) + '|' + std::to_string(header.content_length);
  text += '|' + std::string(header.byte_order ? byte_order_name(*header.byte_order) : "?");
  text += header.has_connection ? (header.keep_alive ? "|keep" : "|close") : "|-";
  text += '|' + std::string(header.request_id);
  text += '|' + (header.deadline ? std::to_string(header.deadline->count()) : "-");
  text += '|' + std::string(header.action.value_or("-"));
  text += '|' + std::string(header.status.value_or("-"));
  const auto other = header.other_field("x");
  text += '|' + std::string(other ? other->text() : "-");
  return text;
}

// Feeds a stream in slices as a session does, and writes down what the decoder says.
class Feeder {
 public:
  explicit Feeder(const DecodeLimits& limits) : decoder_(context_, limits) {}

  void feed(std::string_view slice) {
    if (failed_) return;
    pending_ += slice;
    while (step()) {
    }
  }
  [[nodiscard]] const std::vector<std::string>& events() const { return events_; }
  [[nodiscard]] bool awaits_content() const { return decoder_.awaits_content(); }

 private:
  bool step() {
    // The input moves at every call, and ends where its memory ends.
    std::vector<char> moved(pending_.begin(), pending_.end());
    std::span<const std::byte> input = std::as_bytes(std::span(moved));
    DecodeResult event = decoder_.next(input);
    if (!event) {
      events_.push_back(std::string(status_name(status_of(event.error()))) + ": " +
                        event.error().message + " " + describe(*event.error().header));
      failed_ = true;
      return false;
    }
    if (event->kind == Kind::kNeedMore) {
      CHECK(event->bytes > pending_.size());
      disturb_context();
      return false;
    }
    CHECK(event->kind == Kind::kMessage);
    events_.push_back(describe(*event->header) + " " + std::string(as_text(event->content)));
    pending_.erase(0, event->bytes);
    disturb_context();
    return true;
  }
  // Another connection of the loop uses the same context.
  void disturb_context() {
    HeaderDecoder other(context_, HeaderRules::kAllRequired);
    std::string bytes = plain_message("", R"(, "request-id": 99, "action": "\u0078\u0079")");
    CHECK(other.next(as_bytes(bytes)).has_value());
  }

  DecodeContext context_;
  MessageDecoder decoder_;
  std::string pending_;
  std::vector<std::string> events_;
  bool failed_ = false;
};

std::vector<std::string> decode_whole(std::string_view stream, const DecodeLimits& limits) {
  Feeder feeder(limits);
  feeder.feed(stream);
  return feeder.events();
}

const DecodeLimits kLimits;

std::string sample_stream() {
  return plain_message(R"({"action": "search", "value": "ring"})") + plain_message("") +
         plain_message("binary\xff", R"(, "connection": "keep-alive", "request-id": "\u0061b")"
                                     R"(, "deadline-ms": 5, "action": "\u0064ouble\n")") +
         message(R"({"byteorder": "big", "content-type": "\u0074", "content-encoding": "",)"
                 R"( "content-length": 3, "status": "ok", "x": "\n"})",
                 "abc");
}

TEST_CASE("decoder: a stream of messages gives each with its header and content") {
  CHECK(decode_whole(sample_stream(), kLimits) ==
        std::vector<std::string>{
            "text/json|utf-8|37|little|-||-|-|-|- {\"action\": \"search\", \"value\": \"ring\"}",
            "text/json|utf-8|0|little|-||-|-|-|- ",
            "text/json|utf-8|7|little|keep|\"\\u0061b\"|5|double\n|-|- binary\xff",
            "t||3|big|-||-|-|ok|\"\\n\" abc"});
}

TEST_CASE("decoder: a stream cut at any byte gives the same events") {
  std::string stream = sample_stream();
  std::vector<std::string> expected = decode_whole(stream, kLimits);
  REQUIRE(expected.size() == 4);
  for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
    CAPTURE(cut);
    Feeder feeder(kLimits);
    feeder.feed(std::string_view(stream).substr(0, cut));
    feeder.feed(std::string_view(stream).substr(cut));
    CHECK(feeder.events() == expected);
  }
}

TEST_CASE("decoder: a stream byte by byte gives the same events") {
  std::string stream = sample_stream();
  Feeder feeder(kLimits);
  for (char c : stream) feeder.feed({&c, 1});
  CHECK(feeder.events() == decode_whole(stream, kLimits));
}

// A stream of random messages, now and then spoilt.
std::string random_stream(std::mt19937& random) {
  std::string stream;
  for (auto i = random() % 4 + 1; i > 0; --i) {
    std::string more = R"(, "x": )";
    append_json_string(more, testing::random_text(random, 10));
    if (random() % 2 == 0) {
      more += R"(, "action": )";
      append_json_string(more, "a" + testing::random_text(random, 10));
    }
    stream += plain_message(testing::random_text(random, 50), more);
  }
  if (random() % 3 == 0) stream[random() % stream.size()] = static_cast<char>(random());
  return stream;
}

TEST_CASE("decoder: random streams in random slices give the same events, errors included") {
  constexpr DecodeLimits kSmall{100};
  for (unsigned seed = 0; seed < 1000; ++seed) {
    CAPTURE(seed);
    std::mt19937 random(seed);
    std::string stream = random_stream(random);
    Feeder feeder(kSmall);
    for (std::size_t at = 0; at < stream.size();) {
      std::size_t size = std::min<std::size_t>(random() % 64, stream.size() - at);
      feeder.feed(std::string_view(stream).substr(at, size));
      at += size;
    }
    CHECK(feeder.events() == decode_whole(stream, kSmall));
  }
}

TEST_CASE("decoder: it always knows how many bytes it needs") {
  DecodeContext context;
  MessageDecoder decoder(context, kLimits);
  std::string bytes = plain_message("0123456789");
  std::size_t header_bytes = bytes.size() - 10;
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    DecodeResult event = decoder.next(as_bytes(bytes).first(size));
    REQUIRE(event.has_value());
    CHECK(event->kind == Kind::kNeedMore);
    CHECK(event->bytes == (size < 3              ? size + (size == 0 ? 2 : 1)
                           : size < header_bytes ? header_bytes
                                                 : bytes.size()));
    CHECK(decoder.awaits_content() == (size >= header_bytes));
  }
  CHECK(decoder.next(as_bytes(bytes))->kind == Kind::kMessage);
  CHECK_FALSE(decoder.awaits_content());
}

TEST_CASE("decoder: what is no message is refused by its first bytes, in any slicing") {
  for (const std::string_view foreign :
       {std::string_view("\x16\x03\x01\x02\x00\x01", 6), std::string_view("GET / HTTP/1.1\r\n"),
        std::string_view("\r\n\r\n\0\r\nQUIT\n", 12), std::string_view("\x01\x00 \t[]", 6)}) {
    const auto whole = decode_whole(foreign, kLimits);
    CAPTURE(whole);
    REQUIRE(whole.size() == 1);
    CHECK(whole.front().starts_with("bad_header: the header is not a JSON object: it must begin"));
    for (std::size_t piece = 1; piece < foreign.size(); ++piece) {
      Feeder feeder(kLimits);
      for (std::size_t at = 0; at < foreign.size(); at += piece) {
        feeder.feed(foreign.substr(at, piece));
      }
      CHECK(feeder.events() == whole);
    }
  }
}

TEST_CASE("decoder: content over the limit is refused as soon as the header is there") {
  DecodeContext context;
  constexpr DecodeLimits kTen{10};
  std::string bytes = plain_message("0123456789x", R"(, "request-id": 5)");
  MessageDecoder decoder(context, kTen);
  std::size_t header_bytes = bytes.size() - 11;
  CHECK(decoder.next(as_bytes(bytes).first(header_bytes - 1)).has_value());
  DecodeResult event = decoder.next(as_bytes(bytes).first(header_bytes));
  REQUIRE_FALSE(event.has_value());
  CHECK(status_of(event.error()) == Status::kContentTooLarge);
  CHECK(event.error().message == "content-length must be at most 10, not 11");
  CHECK(event.error().header->request_id == "5");
  CHECK(decode_whole(plain_message("0123456789"), kTen).size() == 1);
}

TEST_CASE("decoder: a content-length near 2^63 neither overflows nor is waited for") {
  std::string bytes =
      message(R"({"byteorder": "big", "content-type": "t", "content-encoding": "e",)"
              R"( "content-length": 9223372036854775807})");
  DecodeContext context;
  MessageDecoder limited(context, kLimits);
  CHECK(status_of(limited.next(as_bytes(bytes)).error()) == Status::kContentTooLarge);
  constexpr DecodeLimits kNone{UINT64_MAX};
  MessageDecoder unlimited(context, kNone);
  DecodeResult event = unlimited.next(as_bytes(bytes));
  REQUIRE(event.has_value());
  CHECK(event->kind == Kind::kNeedMore);
  CHECK(event->bytes == bytes.size() + 9223372036854775807u);
}

TEST_CASE("decoder: an empty header is bad at once, and shows nothing of an earlier one") {
  DecodeContext context;
  HeaderDecoder earlier(context, HeaderRules::kAllRequired);
  std::string bytes = plain_message("", R"(, "request-id": "secret", "connection": "keep-alive")");
  CHECK(earlier.next(as_bytes(bytes)).has_value());

  MessageDecoder decoder(context, kLimits);
  DecodeResult event = decoder.next(as_bytes(std::string_view("\0\0", 2)));
  REQUIRE_FALSE(event.has_value());
  CHECK(status_of(event.error()) == Status::kBadHeader);
  CHECK_FALSE(event.error().header->extended());
}

TEST_CASE("decoder: behind a bad header it is known what was understood") {
  DecodeContext context;
  MessageDecoder decoder(context, kLimits);
  std::string bytes = message(R"({"content-length": -1, "request-id": "r7"})");
  DecodeResult event = decoder.next(as_bytes(bytes));
  REQUIRE_FALSE(event.has_value());
  CHECK(status_of(event.error()) == Status::kBadHeader);
  CHECK(event.error().header->request_id == R"("r7")");
}

TEST_CASE("decoder: a header of 65,535 bytes is read") {
  std::string more = R"(, "x": ")" + std::string(65'000, 'x') + "\"";
  std::string padded = plain_message("ok", more);
  std::size_t header_bytes = padded.size() - 4;
  more.insert(more.size() - 1, std::string(65'535 - header_bytes, 'y'));
  CHECK(decode_whole(plain_message("ok", more), kLimits).size() == 1);
}

TEST_CASE("decoder: two decoders of one context do not mix up their waiting messages") {
  DecodeContext context;
  MessageDecoder first(context, kLimits);
  MessageDecoder second(context, kLimits);
  std::string one = plain_message("one", R"(, "action": "\u0031st")");
  std::string two = plain_message("two", R"(, "action": "\u0032nd")");
  CHECK(first.next(as_bytes(one).first(one.size() - 1))->kind == Kind::kNeedMore);
  CHECK(second.next(as_bytes(two).first(two.size() - 2))->kind == Kind::kNeedMore);
  const DecodeResult first_event = first.next(as_bytes(one));
  const DecodeResult second_event = second.next(as_bytes(two));
  REQUIRE(first_event->kind == Kind::kMessage);
  REQUIRE(second_event->kind == Kind::kMessage);
  CHECK(first_event->header->action == "1st");
  CHECK(second_event->header->action == "2nd");
}

TEST_CASE("header decoder: the header alone is reported, its content left to the caller") {
  DecodeContext context;
  HeaderDecoder decoder(context, HeaderRules::kLengthOnly);
  std::string bytes = message(R"({"Content-Length": 1000000000000})", "begin");
  std::size_t header_bytes = bytes.size() - 5;
  for (std::size_t size = 0; size < header_bytes; ++size) {
    DecodeResult event = decoder.next(as_bytes(bytes).first(size));
    REQUIRE(event.has_value());
    CHECK(event->kind == Kind::kNeedMore);
    CHECK(event->bytes == (size < 2 ? 2 : size < 3 ? 3 : header_bytes));
  }
  DecodeResult event = decoder.next(as_bytes(bytes));
  REQUIRE(event.has_value());
  CHECK(event->kind == Kind::kHeader);
  CHECK(event->bytes == header_bytes);
  CHECK(event->header->content_length == 1000000000000u);
  CHECK_FALSE(event->header->keep_alive);
}

std::string unordered_message(std::string_view order, std::string_view encoding,
                              std::string_view content, std::string_view more = "") {
  return message(R"({"byteorder": ")" + std::string(order) +
                     R"(", "content-type": "text/json", "content-encoding": ")" +
                     std::string(encoding) + R"(", "content-length": )" +
                     std::to_string(content.size()) + std::string(more) + "}",
                 content);
}

TEST_CASE("decoder: another byteorder matters only for wide text without a byte order mark") {
  for (const auto& text : std::vector<std::pair<std::string, std::string>>{
           {"utf-8", "{}"},
           {"latin-1", "{}"},
           {"ascii", "{}"},
           {"ebcdic", "{}"},
           {"utf-16-le", "{\0}\0"s},
           {"utf-32-be", "\0\0\0{\0\0\0}"s},
           {"utf-16", "\xff\xfe{\0}\0"s},
           {"utf-16", "\xfe\xff\0{\0}"s},
           {"utf-32", "\xff\xfe\0\0{\0\0\0}\0\0\0"s},
           {"utf-16", ""},
       }) {
    const auto& [encoding, content] = text;
    CAPTURE(text.first);  // clang 14 captures no structured binding
    const auto events =
        decode_whole(unordered_message("middle", encoding, content), DecodeLimits());
    REQUIRE(events.size() == 1);
    CHECK(events[0].starts_with("text/json|" + encoding));
  }
  for (const std::string encoding : {"utf-16", "UTF16", "utf-32", "U32"}) {
    CAPTURE(encoding);
    const auto events = decode_whole(unordered_message("middle", encoding, "{\0}\0"s), {});
    REQUIRE(events.size() == 1);
    CHECK(events[0].starts_with("bad_header: byteorder must be \"little\" or \"big\" for " +
                                encoding + " without a byte order mark"));
    CHECK(
        decode_whole(unordered_message("little", encoding, "{\0}\0"s), {})[0].starts_with("text"));
  }
}

TEST_CASE("decoder: a message whose header is known is held to the same rules") {
  DecodeContext context;
  const DecodeLimits limits{.max_content = 99};
  const auto status_of_second = [&](const std::string& first, const std::string& second) {
    MessageDecoder decoder(context, limits);
    REQUIRE(decoder.next(as_bytes(first)).has_value());
    const DecodeResult again = decoder.next(as_bytes(second));
    return again ? Status::kOk : status_of(again.error());
  };
  const std::string marked = unordered_message("middle", "utf-16", "\xff\xfe{\0}\0"s);
  const std::string unmarked = unordered_message("middle", "utf-16", "{\0 \0}\0"s);
  CHECK(status_of_second(marked, marked) == Status::kOk);
  CHECK(status_of_second(marked, unmarked) == Status::kBadHeader);
  const std::string small = unordered_message("little", "utf-8", std::string(98, ' '));
  CHECK(status_of_second(small, unordered_message("little", "utf-8", std::string(99, ' '))) ==
        Status::kOk);
  CHECK(status_of_second(small, unordered_message("little", "utf-8", std::string(100, ' '))) ==
        Status::kContentTooLarge);
}

TEST_CASE("decoder: a header that turns out to be bad with its content is told as its own") {
  const std::string bytes = unordered_message("", "utf-16", "{\0}\0"s, R"(, "request-id": "mine")");
  DecodeContext context;
  const DecodeLimits limits;
  MessageDecoder decoder(context, limits);
  REQUIRE(decoder.next(as_bytes(std::string_view(bytes).substr(0, bytes.size() - 1))).has_value());
  CHECK(decoder.awaits_content());
  CHECK(decoder.awaited_header().request_id == R"("mine")");
  HeaderDecoder other(context, HeaderRules::kAllRequired);
  const std::string another = plain_message("", R"(, "request-id": "another's")");
  REQUIRE(other.next(as_bytes(another)).has_value());
  const DecodeResult event = decoder.next(as_bytes(bytes));
  REQUIRE_FALSE(event.has_value());
  CHECK(event.error().header->request_id == R"("mine")");
}

}  // namespace
}  // namespace appd::protocol
