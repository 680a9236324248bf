#include "appd/protocol/header_cache.h"

#include <doctest/doctest.h>

#include <random>
#include <string>

#include "appd/protocol/message_decoder.h"
#include "bytes.h"

namespace appd::protocol {
namespace {

using testing::as_bytes;
using testing::as_text;
using testing::message;

std::string header_with_length(std::string_view digits, std::string_view more = {}) {
  return R"({"byteorder": "big", "content-type": "text/json", "content-encoding": "utf-16", )"
         R"("content-length": )" +
         std::string(digits) + std::string(more) + "}";
}

// Parses, and remembers what was parsed.
class Parsing {
 public:
  Result<void> parse(std::string_view json, HeaderRules rules = HeaderRules::kAllRequired) {
    return parse_message_header(reader_, as_bytes(json), rules, header, scratch_);
  }
  void parse_into(HeaderCache& cache, std::string_view json,
                  HeaderRules rules = HeaderRules::kAllRequired) {
    REQUIRE(parse(json, rules).has_value());
    cache.remember(as_bytes(json), rules, header);
  }

  MessageHeader header;

 private:
  JsonReader reader_;
  std::string scratch_;
};

void check_equal(const MessageHeader& a, const MessageHeader& b) {
  CHECK(a.byte_order == b.byte_order);
  CHECK(a.content_type == b.content_type);
  CHECK(a.content_encoding == b.content_encoding);
  CHECK(a.content_length == b.content_length);
  CHECK(a.has_connection == b.has_connection);
  CHECK(a.keep_alive == b.keep_alive);
  CHECK(a.request_id == b.request_id);
  CHECK(a.deadline == b.deadline);
  CHECK(a.action == b.action);
  CHECK(a.status == b.status);
  CHECK(a.json.empty() == b.json.empty());
  const auto other = a.other_field("x");
  REQUIRE(other.has_value() == b.other_field("x").has_value());
  if (other) CHECK(other->text() == b.other_field("x")->text());
  CHECK(a.call_depth == b.call_depth);
}

TEST_CASE("header cache: an unknown header is not found") {
  HeaderCache cache;
  CHECK(cache.find(as_bytes(header_with_length("1")), HeaderRules::kAllRequired) == nullptr);
  CHECK(cache.find(as_bytes(""), HeaderRules::kAllRequired) == nullptr);
}

TEST_CASE("header cache: a header is known again whatever its content-length") {
  HeaderCache cache;
  Parsing parsing;
  const std::string more =
      R"(, "connection": "keep-alive", "deadline-ms": 5, "action": "echo", "call-depth": 3,)"
      R"( "x": [1])";
  parsing.parse_into(cache, header_with_length("41", more));
  for (const char* digits : {"0", "7", "41", "16777216", "999999999999999999"}) {
    CAPTURE(digits);
    const std::string json = header_with_length(digits, more);
    const MessageHeader* found = cache.find(as_bytes(json), HeaderRules::kAllRequired);
    REQUIRE(found != nullptr);
    REQUIRE(parsing.parse(json).has_value());
    check_equal(*found, parsing.header);
  }
}

TEST_CASE("header cache: digits that need judgement are left to the parser") {
  HeaderCache cache;
  Parsing parsing;
  parsing.parse_into(cache, header_with_length("41"));
  for (const char* digits : {"", "-1", "01", "00", "4 1", "41.0", "4e1", "true", "\"41\"", "41 ",
                             "1000000000000000000", "99999999999999999999"}) {
    CAPTURE(digits);
    CHECK(cache.find(as_bytes(header_with_length(digits)), HeaderRules::kAllRequired) == nullptr);
  }
}

TEST_CASE("header cache: rules are not mixed up") {
  HeaderCache cache;
  Parsing parsing;
  const std::string json = R"({"content-length": 3})";
  parsing.parse_into(cache, json, HeaderRules::kLengthOnly);
  CHECK(cache.find(as_bytes(json), HeaderRules::kLengthOnly) != nullptr);
  CHECK(cache.find(as_bytes(json), HeaderRules::kAllRequired) == nullptr);
}

TEST_CASE("header cache: headers with a request-id or of unusual size are passed over") {
  HeaderCache cache;
  Parsing parsing;
  const std::string with_id = header_with_length("1", R"(, "request-id": 7)");
  parsing.parse_into(cache, with_id);
  CHECK(cache.find(as_bytes(with_id), HeaderRules::kAllRequired) == nullptr);
  const std::string large =
      header_with_length("1", ", \"x\": \"" + std::string(HeaderCache::kMaxHeaderBytes, 'x') + '"');
  parsing.parse_into(cache, large);
  CHECK(cache.find(as_bytes(large), HeaderRules::kAllRequired) == nullptr);
}

TEST_CASE("header cache: the oldest of many kinds makes room") {
  HeaderCache cache;
  Parsing parsing;
  const auto kind = [](std::size_t i) {
    return header_with_length("1", ", \"x\": " + std::to_string(i));
  };
  for (std::size_t i = 0; i <= HeaderCache::kEntries; ++i) parsing.parse_into(cache, kind(i));
  CHECK(cache.find(as_bytes(kind(0)), HeaderRules::kAllRequired) == nullptr);
  for (std::size_t i = 1; i <= HeaderCache::kEntries; ++i) {
    CHECK(cache.find(as_bytes(kind(i)), HeaderRules::kAllRequired) != nullptr);
  }
}

TEST_CASE("header cache: whatever it finds, the parser says the same") {
  const std::uint32_t seed = 20261122;
  CAPTURE(seed);
  std::mt19937 random(seed);
  HeaderCache cache;
  Parsing parsing;
  parsing.parse_into(cache, header_with_length("41", R"(, "connection": "close")"));
  int found_count = 0;
  for (int i = 0; i < 20000; ++i) {
    std::string json =
        header_with_length(std::to_string(random() % 100000), R"(, "connection": "close")");
    for (auto edits = random() % 3; edits > 0; --edits) {
      const std::size_t at = random() % json.size();
      const char c = "0123456789, \"}x"[random() % 15];
      if (random() % 2 == 0) {
        json[at] = c;
      } else {
        json.insert(at, 1, c);
      }
    }
    CAPTURE(json);
    const MessageHeader* found = cache.find(as_bytes(json), HeaderRules::kAllRequired);
    if (found == nullptr) continue;
    ++found_count;
    REQUIRE(parsing.parse(json).has_value());
    check_equal(*found, parsing.header);
  }
  CHECK(found_count > 1000);
}

TEST_CASE("header cache: a decoder that finds the header there keeps it while content is awaited") {
  DecodeContext context;
  const DecodeLimits limits;
  const std::string first = message(header_with_length("2"), "{}");
  MessageDecoder decoder(context, limits);
  REQUIRE(decoder.next(as_bytes(first)).has_value());

  const std::string second = message(header_with_length("4"), "abcd");
  MessageDecoder waiting(context, limits);
  auto event = waiting.next(as_bytes(std::string_view(second).substr(0, second.size() - 1)));
  REQUIRE(event.has_value());
  CHECK(event->kind == DecodeEvent::Kind::kNeedMore);
  // Others use the context meanwhile, and push the entry out of the cache.
  for (int i = 0; i < 10; ++i) {
    MessageDecoder other(context, limits);
    const std::string text = message(header_with_length("0", ", \"x\": " + std::to_string(i)));
    REQUIRE(other.next(as_bytes(text)).has_value());
  }
  event = waiting.next(as_bytes(second));
  REQUIRE(event.has_value());
  CHECK(event->kind == DecodeEvent::Kind::kMessage);
  CHECK(as_text(event->content) == "abcd");
  CHECK(event->header->content_type == "text/json");
  CHECK(event->header->content_encoding == "utf-16");
  CHECK(event->header->content_length == 4);
}

}  // namespace
}  // namespace appd::protocol
