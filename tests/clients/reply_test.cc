#include "appd/clients/reply.h"

#include <doctest/doctest.h>

#include "appd/clients/appctl/reply_format.h"

namespace appd::clients {
namespace {

Reply json_reply(std::string_view content, std::optional<std::string_view> status = {}) {
  protocol::MessageHeader header;
  header.content_type = "text/json";
  header.content_encoding = "utf-8";
  header.status = status;
  return make_reply(header, {}, std::as_bytes(std::span(content))).value();
}

Reply binary_reply(std::string content) {
  Reply reply;
  reply.content_type = "binary/custom-server-binary-type";
  reply.content_encoding = "binary";
  reply.content = std::move(content);
  return reply;
}

std::string text_of(const Reply& reply) { return format_reply(reply, OutputFormat::kText, false); }

TEST_CASE("reply: a string's characters are its text, other values their JSON") {
  CHECK(text_of(json_reply(R"({"result": "a\nb"})")) == "a\nb\n");
  CHECK(text_of(json_reply(R"({"result": [1, 2]})")) == "[1, 2]\n");
  CHECK(text_of(json_reply(R"({"result": 12345678901234567890})")) == "12345678901234567890\n");
}

TEST_CASE("reply: JSON content without a result is shown whole") {
  CHECK(text_of(json_reply(R"( {"other": 1} )")) == "{\"other\": 1}\n");
}

TEST_CASE("reply: without a status, a result that begins with Error is an error") {
  CHECK(json_reply(R"({"result": "Error: x"})").is_error);
  CHECK_FALSE(json_reply(R"({"result": "An Error: x"})").is_error);
  CHECK_FALSE(json_reply(R"({"result": ["Error: x"]})").is_error);
}

TEST_CASE("reply: a status decides") {
  CHECK_FALSE(json_reply(R"({"result": "Error: x"})", "ok").is_error);
  CHECK(json_reply(R"({"result": "fine"})", "internal").is_error);
}

TEST_CASE("reply: an error's text is told as kServerError and not printed as a result") {
  const Reply reply = json_reply(R"({"result": "Error: no way"})");
  const auto result = reply.result_text();
  REQUIRE_FALSE(result);
  CHECK(client_error_of(result.error()) == ClientError::kServerError);
  CHECK(result.error().message == "no way");
  CHECK(text_of(reply).empty());
}

TEST_CASE("reply: content is decoded by its encoding and the sender's byte order") {
  protocol::MessageHeader header;
  header.content_type = "text/json";
  header.content_encoding = "UTF-16";
  header.byte_order = protocol::ByteOrder::kBig;
  const std::string content("\0{\0}", 4);
  const auto reply = make_reply(header, {}, std::as_bytes(std::span(content)));
  CHECK(reply.value().text().value() == "{}");
}

TEST_CASE("reply format: binary content is its bytes, with a line end as text only") {
  const Reply reply = binary_reply(std::string("a\0b", 3));
  CHECK(text_of(reply) == std::string("a\0b\n", 4));
  CHECK(format_reply(reply, OutputFormat::kRaw, false) == std::string("a\0b", 3));
}

TEST_CASE("reply format: a packed number is a number where one was asked for") {
  const Reply reply = binary_reply(std::string("result\0\xe9\x97\x62", 10));
  CHECK(format_reply(reply, OutputFormat::kText, true) == "15308642\n");
  CHECK(text_of(reply) == reply.content + '\n');
  CHECK(format_reply(reply, OutputFormat::kRaw, true) == reply.content);
}

TEST_CASE("reply format: json is one object a line, for errors too") {
  Reply reply = json_reply("{\"result\":\n \"Error: x\"}", "internal");
  reply.request_id = "17";
  reply.header = "{\"a\":\n1}";
  CHECK(format_reply(reply, OutputFormat::kJson, false) ==
        R"({"error": true, "status": "internal", "request-id": 17, "result": "Error: x", )"
        "\"header\": {\"a\": 1}}\n");
}

TEST_CASE("reply format: binary content is base64 in json") {
  CHECK(format_reply(binary_reply("abcd"), OutputFormat::kJson, false) ==
        "{\"error\": false, \"content-base64\": \"YWJjZA==\"}\n");
}

TEST_CASE("reply format: base64 is that of RFC 4648") {
  CHECK(base64("").empty());
  CHECK(base64("f") == "Zg==");
  CHECK(base64("fo") == "Zm8=");
  CHECK(base64("foo") == "Zm9v");
  CHECK(base64("foobar") == "Zm9vYmFy");
  CHECK(base64("\xff\xfe\xfd") == "//79");
}

}  // namespace
}  // namespace appd::clients
