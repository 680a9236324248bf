#include "appd/protocol/message_encoder.h"

#include <doctest/doctest.h>

#include <random>
#include <string>
#include <vector>

#include "appd/protocol/message_decoder.h"
#include "bytes.h"

namespace appd::protocol {
namespace {

using testing::as_bytes;
using testing::message;

// `json` with this machine's byte order in place of ORDER, and its prefix.
std::string expected(std::string json) {
  json.replace(json.find("ORDER"), 5, byte_order_name(kNativeByteOrder));
  return message(json);
}

std::string reply(const ContentFields& content, const ReplyExtension* extension = nullptr) {
  std::string out;
  encode_reply_header(content, extension, out);
  return out;
}

std::string request(const ContentFields& content, const RequestExtension& extension = {}) {
  std::string out;
  CHECK(encode_request_header(content, extension, out).has_value());
  return out;
}

TEST_CASE("encoder: a plain reply and a plain request are the original's bytes") {
  std::string bytes = expected(
      R"({"byteorder": "ORDER", "content-type": "text/json", "content-encoding": "utf-8", )"
      R"("content-length": 41})");
  ContentFields content;
  content.content_length = 41;
  CHECK(reply(content) == bytes);
  CHECK(request(content) == bytes);
}

TEST_CASE("encoder: an extended reply has connection, request-id and status behind the four") {
  ContentFields content{kServerBinaryType, kBinaryEncoding, 10};
  ReplyExtension extension;
  extension.keep_alive = true;
  extension.request_id = R"("a\u0062")";
  extension.status = Status::kOutOfRange;
  CHECK(reply(content, &extension) ==
        expected(R"({"byteorder": "ORDER", "content-type": "binary/custom-server-binary-type", )"
                 R"("content-encoding": "binary", "content-length": 10, )"
                 R"("connection": "keep-alive", "request-id": "a\u0062", )"
                 R"("status": "out_of_range"})"));
}

TEST_CASE("encoder: an id that was not sent is left out") {
  ReplyExtension extension;
  CHECK(reply({}, &extension) == expected(R"({"byteorder": "ORDER", "content-type": "text/json", )"
                                          R"("content-encoding": "utf-8", "content-length": 0, )"
                                          R"("connection": "close", "status": "ok"})"));
}

TEST_CASE("encoder: a request's extensions come in their order, then the others") {
  std::vector<std::pair<std::string, std::string>> others = {{"x-\"y\"", "[1, null]"},
                                                             {"z", "\"\""}};
  RequestExtension extension;
  extension.keep_alive = false;
  extension.request_id = "17";
  extension.deadline = std::chrono::milliseconds(2500);
  extension.action = "se\"arch";
  extension.others = others;
  CHECK(request({}, extension) ==
        expected(R"({"byteorder": "ORDER", "content-type": "text/json", )"
                 R"("content-encoding": "utf-8", "content-length": 0, "connection": "close", )"
                 R"("request-id": 17, "deadline-ms": 2500, "action": "se\"arch", )"
                 R"("x-\"y\"": [1, null], "z": ""})"));
}

TEST_CASE("encoder: what is in the output already stays") {
  std::string out = "before";
  encode_reply_header({}, nullptr, out);
  CHECK(out == "before" + reply({}));
}

TEST_CASE("encoder: the largest texts that a decoder lets in fit into a reply's header") {
  std::string controls(kMaxFieldBytes, '\x01');
  std::string id = "\"" + std::string(kMaxFieldBytes - 2, 'x') + "\"";
  ReplyExtension extension;
  extension.request_id = id;
  extension.status = Status::kUnsupportedEncoding;
  CHECK(reply({controls, controls, UINT64_MAX}, &extension).size() > 12 * kMaxFieldBytes);
}

TEST_CASE("encoder: a request's header may have 65,535 bytes and no more") {
  std::string short_request = request({"", "", 0});
  std::string fits(65'535 - (short_request.size() - 2), 'x');
  CHECK(request({fits, "", 0}).size() == 65'537);

  std::string out = "before";
  Result<void> encoded = encode_request_header({fits + "x", "", 0}, {}, out);
  REQUIRE_FALSE(encoded.has_value());
  CHECK(status_of(encoded.error()) == Status::kInvalidArgument);
  CHECK(encoded.error().message == "a header may have 65,535 bytes, not 65536");
  CHECK(out == "before");
}

TEST_CASE("encoder: what it writes decodes to the same fields") {
  DecodeContext context;
  for (unsigned seed = 0; seed < 1000; ++seed) {
    CAPTURE(seed);
    std::mt19937 random(seed);
    std::string type = testing::random_text(random, 20);
    std::string encoding = testing::random_text(random, 20);
    std::string action = "a" + testing::random_text(random, 20);
    std::string id;
    append_json_string(id, testing::random_text(random, 20));
    ContentFields content{type, encoding, (std::uint64_t{random()} << 31) | random()};
    RequestExtension extension;
    if (random() % 2 == 0) extension.keep_alive = random() % 2 == 0;
    if (random() % 2 == 0) extension.request_id = id;
    if (random() % 2 == 0) extension.deadline = std::chrono::milliseconds(random() >> 1);
    if (random() % 2 == 0) extension.action = action;

    std::string bytes = request(content, extension);
    HeaderDecoder decoder(context, HeaderRules::kAllRequired);
    DecodeResult event = decoder.next(as_bytes(bytes));
    REQUIRE(event.has_value());
    CHECK(event->bytes == bytes.size());
    const MessageHeader& header = *event->header;
    CHECK(header.byte_order == kNativeByteOrder);
    CHECK(header.content_type == type);
    CHECK(header.content_encoding == encoding);
    CHECK(header.content_length == content.content_length);
    CHECK(header.has_connection == extension.keep_alive.has_value());
    CHECK(header.keep_alive == extension.keep_alive.value_or(false));
    CHECK(header.request_id == extension.request_id);
    CHECK(header.deadline == extension.deadline);
    CHECK(header.action == extension.action);
  }
}

}  // namespace
}  // namespace appd::protocol
